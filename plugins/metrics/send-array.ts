import type { ServerResponse } from 'node:http';

/** Characters gathered before they are handed to the socket. */
const CHUNK = 16 * 1024;

/** Writes JSON texts as an array of them, no faster than the client reads; ends early if it goes. */
export async function sendArray(
  response: ServerResponse,
  items: AsyncIterable<string>,
): Promise<void> {
  response.setHeader('Content-Type', 'application/json');
  let text = '[';
  let separator = '\n';
  for await (const item of items) {
    text += separator + item;
    separator = ',\n';
    if (text.length < CHUNK) continue;
    const taken = response.write(text);
    text = '';
    if (!taken) await drained(response);
    if (response.destroyed) return;
    // A client that reads fast must not keep everything else waiting.
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end(`${text}\n]\n`);
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
