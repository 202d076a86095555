import { createRequire } from 'node:module';
import type { Migrate, Policy, PolicyId, Sa, SaId } from '../../native/types.ts';
import type { AllocSpi } from '../../native/xfrm-sa.ts';

/** The encoder written in C++ over the kernel's own structures, and what the kernel headers say of those. */
export interface NativeReference {
  layout(): Record<string, { readonly size: number; readonly offsets: Record<string, number> }>;
  constants(): Record<string, number>;
  encodeSa(kind: 'new' | 'update', sa: Sa): Uint8Array;
  encodeAllocSpi(request: AllocSpi): Uint8Array;
  encodeSaId(kind: 'delete' | 'get', id: SaId): Uint8Array;
  encodePolicy(kind: 'new' | 'update', policy: Policy): Uint8Array;
  encodePolicyId(kind: 'delete' | 'get', id: PolicyId): Uint8Array;
  encodeMigrate(migrate: Migrate): Uint8Array;
  /** Moves this thread into a new network namespace; a descriptor of the old one, or a negative errno. */
  enterNewNamespace(): number;
  /** Moves it back. */
  leaveNamespace(descriptor: number): number;
}

/** The addon with the reference encoder, which is built beside the real one. */
export const reference = createRequire(import.meta.url)(
  '../../native/build/Release/netlink_xfrm_reference.node',
) as NativeReference;
