import type { SavedWindow } from '../message-window.ts';
import { list, octets, optional, record, type Shape, text, u16, u32 } from './shape.ts';

/** Message ids, the stored answer and the outstanding request of an IKE_SA. */
export const savedWindow: Shape<SavedWindow> = record<SavedWindow>({
  nextRequest: u32,
  expected: u32,
  outstanding: optional(
    record<NonNullable<SavedWindow['outstanding']>>({
      messageId: u32,
      exchange: u16,
      datagrams: list(octets),
    }),
  ),
  answered: optional(
    record<NonNullable<SavedWindow['answered']>>({
      messageId: u32,
      fingerprint: text,
      datagrams: list(octets),
    }),
  ),
});
