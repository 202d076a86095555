import type { Host } from './host.ts';
import type { Plan, Side } from './plan.ts';
import type { Finished } from './run.ts';

/** A host with an IKE daemon on it, whatever daemon that is. */
export interface Gateway {
  readonly host: Host;
  /** What runs here, for test names and messages. */
  readonly product: string;
  /** True when it brings a tunnel that it initiated up again after the other side has taken it down. */
  readonly revives: boolean;
  /** Configures the daemon for one side of a plan and starts it; resolves once it answers. */
  start(plan: Plan, side: Side): Promise<void>;
  /** Brings the tunnel up; resolves with the output of the command that did it. */
  initiate(): Promise<Finished>;
  /** Takes the IKE_SA down. */
  terminate(): Promise<Finished>;
  /** Ends the daemon as its service manager would. */
  stop(): Promise<void>;
  /** Ends the daemon without letting it do anything. */
  kill(): Promise<void>;
  /** What the daemon has logged since it was started. */
  log(): string;
  /** How many IKE_SAs the daemon lists as established. */
  establishedCount(): Promise<number>;
}
