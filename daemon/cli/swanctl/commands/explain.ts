import { findText, value } from '../../../config/tree.ts';
import { CommandFailure, Errno, type SwanctlCommand } from '../command.ts';
import { explanationText } from '../explain-text.ts';
import { JSON_FORM, PRETTY, RAW } from '../shared-options.ts';

/** `--explain NAME`, ours: why a connection is not up. Fails if nothing of that name is loaded. */
export const explain: SwanctlCommand = {
  long: 'explain',
  short: 'e',
  own: true,
  description: 'say why a connection is not up',
  synopsis: ['<name of a connection or a child> [--raw|--pretty|--json]'],
  operand: { long: 'name', argument: true, help: 'what to explain' },
  options: [RAW, PRETTY, { ...JSON_FORM, hidden: false }],
  async run(cx) {
    const name = cx.text('name');
    if (name === undefined)
      throw new CommandFailure('missing name of a connection or a child', Errno.EINVAL);
    const answer = await cx.ask('explain', [value('name', name)]);
    if (findText(answer, 'success') !== 'yes' || cx.form !== undefined) {
      const code = cx.conclude('explain', answer);
      if (code !== 0) return code;
    } else {
      cx.terminal.out(explanationText(answer));
    }
    return findText(answer, 'state') === 'unknown' ? Errno.ENOENT : 0;
  },
};
