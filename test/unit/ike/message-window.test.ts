import { describe, expect, test } from 'vitest';
import { fingerprintOf, MessageWindow } from '../../../daemon/ike/message-window.ts';

const request = Uint8Array.from({ length: 80 }, (_, i) => i);
const response = Uint8Array.of(1, 2, 3);

describe('message window, RFC 7296 sections 2.1 to 2.3', () => {
  test('a request is processed once, and its exact repetition asks for the stored answer', () => {
    const window = new MessageWindow();
    expect(window.judgeRequest(0, request)).toBe('process');
    window.answered(fingerprintOf(request), [response]);
    expect(window.judgeRequest(0, request.slice())).toBe('replay');
    expect(window.lastResponse).toEqual([response]);
    expect(window.judgeRequest(1, request)).toBe('process');
  });

  test('SEC-68 a changed repetition, older ids and ids of the future are dropped', () => {
    const window = new MessageWindow();
    window.answered(fingerprintOf(request), [response]);
    window.answered(fingerprintOf(request), [response]);
    const changed = request.slice();
    changed[79] = 0;
    expect(window.judgeRequest(1, changed)).toBe('drop');
    expect(window.judgeRequest(1, request.subarray(0, 79))).toBe('drop');
    expect(window.judgeRequest(0, request)).toBe('drop');
    expect(window.judgeRequest(3, request)).toBe('drop');
    expect(window.judgeRequest(0xffff_ffff, request)).toBe('drop');
  });

  test('only the answer to the outstanding request is processed, and only once', () => {
    const window = new MessageWindow();
    expect(window.judgeResponse(0, 34)).toBe('drop');
    window.sent(34, request, [request]);
    expect(window.judgeResponse(1, 34)).toBe('drop');
    expect(window.judgeResponse(0, 35)).toBe('drop');
    expect(window.judgeResponse(0, 34)).toBe('process');
    window.settle();
    expect(window.judgeResponse(0, 34)).toBe('drop');
    expect(window.nextRequestId).toBe(1);
  });

  test('a repeated first request keeps message id 0, RFC 7296 section 2.6', () => {
    const window = new MessageWindow();
    window.sent(34, request, [request]);
    window.settle();
    window.repeatFirst();
    window.sent(34, request, [request]);
    expect(window.outstanding?.messageId).toBe(0);
  });
});
