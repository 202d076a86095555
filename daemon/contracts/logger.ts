/** charon's log groups. */
export type LogGroup =
  | 'dmn'
  | 'mgr'
  | 'ike'
  | 'chd'
  | 'job'
  | 'wch'
  | 'cfg'
  | 'knl'
  | 'net'
  | 'asn'
  | 'enc'
  | 'tnc'
  | 'imc'
  | 'imv'
  | 'pts'
  | 'tls'
  | 'app'
  | 'esp'
  | 'lib';

/** -1 silent, 0 audit, 1 control flow, 2 diagnosis, 3 raw dumps, 4 private data. */
export type LogLevel = -1 | 0 | 1 | 2 | 3 | 4;

/** The IKE_SA a message belongs to. */
export interface IkeTag {
  /** Connection name, empty while none is assigned. */
  readonly name: string;
  readonly uniqueId: number;
}

export interface LogRecord {
  readonly group: LogGroup;
  readonly level: LogLevel;
  readonly message: string;
  readonly ike?: IkeTag;
}

/** Receives records; decides itself which it wants. */
export interface LogSink {
  /** Highest level wanted of a group. */
  levelOf(group: LogGroup): LogLevel;
  write(record: LogRecord): void;
}

/** What the daemon's code logs through. */
export interface Logger {
  /** Whether anybody would see it: ask before building something expensive. */
  enabled(group: LogGroup, level: LogLevel): boolean;
  log(group: LogGroup, level: LogLevel, message: string): void;
  /** The same logger with every record tagged; the tag is read at each call and so may change its name. */
  forIke(tag: IkeTag): Logger;
}

/** The root logger: sinks come and go while the daemon runs. */
export interface LogHub extends Logger {
  /** Adds a sink; the returned function removes it. */
  addSink(sink: LogSink): () => void;
}
