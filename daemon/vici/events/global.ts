import type { MessageBody } from '../message-writer.ts';
import type { ViciServices } from '../services.ts';
import { alertEvent } from './alert.ts';
import { childRekeyEvent } from './child-rekey.ts';
import {
  childStateDestroyingEvent,
  childStateInstalledEvent,
  childStateRekeyedEvent,
} from './child-state.ts';
import { childUpdownEvent } from './child-updown.ts';
import { ikeRekeyEvent } from './ike-rekey.ts';
import { ikeUpdateEvent } from './ike-update.ts';
import { ikeUpdownEvent } from './ike-updown.ts';
import { logEvent } from './log.ts';

/** An event that goes to every client that registered for it. */
export interface GlobalEvent {
  readonly name: string;
  /** Whether it may be left out for a client that does not read. */
  readonly droppable: boolean;
  /** Starts sending; the returned function stops it. Called while at least one client is registered. */
  connect(services: ViciServices, send: (message: MessageBody) => void): () => void;
}

export const GLOBAL_EVENTS: readonly GlobalEvent[] = [
  logEvent,
  ikeUpdownEvent,
  ikeRekeyEvent,
  ikeUpdateEvent,
  childUpdownEvent,
  childRekeyEvent,
  childStateInstalledEvent,
  childStateRekeyedEvent,
  childStateDestroyingEvent,
  alertEvent,
];
