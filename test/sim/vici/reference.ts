import { readFileSync } from 'node:fs';

/** What the machine-readable reference says of one key of an answer or event. */
export interface DescribedField {
  readonly type: string;
  readonly present: string;
  readonly format?: string;
  readonly values?: readonly string[];
  readonly fields?: DescribedFields;
}
export type DescribedFields = Readonly<Record<string, DescribedField>>;

/** What it says of one key of a request. */
export interface DescribedInput {
  readonly type: string;
  readonly required?: boolean;
  readonly values?: readonly string[];
  readonly fields?: Readonly<Record<string, DescribedInput>>;
}

export interface DescribedCommand {
  readonly name: string;
  readonly stream_event: string | null;
  readonly inputs: Readonly<Record<string, DescribedInput>>;
  readonly outputs: DescribedFields;
  readonly error_messages: readonly string[];
  readonly has_success_key: boolean;
}

export interface DescribedEvent {
  readonly name: string;
  readonly outputs: DescribedFields;
}

export interface Reference {
  readonly commands: readonly DescribedCommand[];
  readonly events: readonly DescribedEvent[];
}

const FILE = new URL('../../vectors/vici/reference.json', import.meta.url);

/** The reference of the protocol: what a running charon was seen to send and take. */
export function loadReference(): Reference {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Names under which the keys of an IKE_SA, and of a CHILD_SA, are one table for all messages that hold them. */
const IKE_TABLE = 'IKE_SA fields';
const CHILD_TABLE = 'CHILD_SA fields';

/** Whether the keys below are those of an IKE_SA or a CHILD_SA; what belongs to neither is `undefined`. */
export function tableOf(fields: DescribedFields): string | undefined {
  if ('initiator-spi' in fields) return IKE_TABLE;
  return 'spi-in' in fields ? CHILD_TABLE : undefined;
}

/** Everything that has to be exercised, by names such as `list-sas < child-id` and `list-sa > <connection name> > state`. */
export function itemsOf({ commands, events }: Reference): readonly string[] {
  return [
    ...commands.flatMap((command) => [
      `command ${command.name}`,
      ...inputItems(command.inputs, `${command.name} <`),
      ...fieldItems(command.outputs, `${command.name} >`),
      ...command.error_messages.map((text) => errorItem(command.name, text)),
    ]),
    ...events.flatMap((event) => [
      `event ${event.name}`,
      ...fieldItems(event.outputs, `${event.name} >`),
    ]),
  ];
}

/** The name of an error text, placeholders and all. */
export function errorItem(command: string, text: string): string {
  return `${command} ! ${text}`;
}

function inputItems(inputs: DescribedCommand['inputs'], path: string): readonly string[] {
  return Object.entries(inputs).flatMap(([name, { fields }]) => [
    `${path} ${name}`,
    ...(fields === undefined ? [] : inputItems(fields, `${path} ${name} <`)),
  ]);
}

function fieldItems(described: DescribedFields, path: string): readonly string[] {
  return Object.entries(described).flatMap(([name, { fields }]) => [
    `${path} ${name}`,
    ...(fields === undefined ? [] : fieldItems(fields, `${path} ${name} >`)),
  ]);
}
