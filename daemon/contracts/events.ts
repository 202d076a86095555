import type { IpAddress } from '../proto/ip-address.ts';
import type { ChildSaView, IkeSaView } from './views.ts';

/** Error conditions, by their names in the protocol; only those that this daemon can meet. */
export type AlertType =
  | 'cert-exceeded-path-len'
  | 'cert-expired'
  | 'cert-no-issuer'
  | 'cert-policy-violation'
  | 'cert-revoked'
  | 'cert-untrusted-root'
  | 'cert-validation-failed'
  | 'half-open-timeout'
  | 'ike-sa-expired'
  | 'install-child-policy-failed'
  | 'install-child-sa-failed'
  | 'invalid-ike-spi'
  | 'keep-on-child-sa-failure'
  | 'local-auth-failed'
  | 'parse-error-body'
  | 'parse-error-header'
  | 'peer-addr-failed'
  | 'peer-auth-failed'
  | 'peer-init-unreachable'
  | 'proposal-mismatch-child'
  | 'proposal-mismatch-ike'
  | 'retransmit-receive'
  | 'retransmit-send'
  | 'retransmit-send-cleared'
  | 'retransmit-send-timeout'
  | 'shutdown-signal'
  | 'ts-mismatch'
  | 'ts-narrowed'
  | 'unique-keep'
  | 'unique-replace'
  | 'vip-failure';

/** Events for whoever listens; views are snapshots taken when the event was raised. */
export type DaemonEvent =
  | { readonly kind: 'ike-updown'; readonly up: boolean; readonly ike: IkeSaView }
  /** `ike.children` holds exactly the CHILD_SA concerned. Not raised for the two CHILD_SAs of a rekeying. */
  | { readonly kind: 'child-updown'; readonly up: boolean; readonly ike: IkeSaView }
  /** An IKE_SA took the place of another by rekeying, not by reauthentication. */
  | { readonly kind: 'ike-rekey'; readonly old: IkeSaView; readonly new: IkeSaView }
  /** A CHILD_SA took the place of another; `ike.children` is empty. */
  | {
      readonly kind: 'child-rekey';
      readonly ike: IkeSaView;
      readonly old: ChildSaView;
      readonly new: ChildSaView;
    }
  /** An endpoint is about to become this one; `ike` still shows the old ones. */
  | {
      readonly kind: 'ike-update';
      readonly ike: IkeSaView;
      readonly localHost: IpAddress;
      readonly localPort: number;
      readonly remoteHost: IpAddress;
      readonly remotePort: number;
    }
  | { readonly kind: 'alert'; readonly type: AlertType; readonly ike?: IkeSaView };
