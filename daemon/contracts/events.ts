import type { IkeSaView } from './views.ts';

/** Events for whoever listens; views are snapshots taken when the event was raised. */
export type DaemonEvent =
  | { readonly kind: 'ike-updown'; readonly up: boolean; readonly ike: IkeSaView }
  /** `ike.children` holds exactly the CHILD_SA concerned. */
  | { readonly kind: 'child-updown'; readonly up: boolean; readonly ike: IkeSaView }
  | { readonly kind: 'alert'; readonly type: string; readonly ike?: IkeSaView };
