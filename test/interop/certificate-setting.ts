import type { ConfTree } from '../lab/conf-text.ts';
import type { CredentialFiles } from '../lab/credentials.ts';
import { otherSide, type PartialPlan, type Side } from '../lab/plan.ts';
import type { Issued } from '../sim/pki.ts';

export const SIDES = ['moon', 'sun'] as const;
/** How the sides are called in their certificates. */
export const NAMES = { moon: 'moon.example.org', sun: 'sun.example.org' } as const;

/** What each side has on disk and how it authenticates. */
export interface Setting {
  readonly name: string;
  readonly files: Readonly<Record<Side, CredentialFiles>>;
  readonly local?: Partial<Record<Side, ConfTree>>;
  readonly remote?: Partial<Record<Side, ConfTree>>;
  readonly charon?: ConfTree;
  /** More sections and keys of the connection. */
  readonly connection?: Partial<Record<Side, ConfTree>>;
  /** More secrets of both. */
  readonly secrets?: ConfTree;
  /** How our side says that the peer was authenticated. */
  readonly scheme: RegExp;
}

/** A side that has a certificate and believes these CAs. */
export function filesOf(own: Issued, ...cas: readonly Issued[]): CredentialFiles {
  return {
    x509: { own: own.certificate },
    private: { own: own.privateKey },
    x509ca: Object.fromEntries(cas.map((ca, i) => [`ca${i}`, ca.certificate])),
  };
}

/** The connection of a setting, on both sides. */
export function planOf({ local, remote, charon, connection, secrets }: Setting): PartialPlan {
  const of = (side: Side) => ({
    ...(charon && { charon }),
    ...(secrets && { secrets }),
    connection: {
      local: { auth: 'pubkey', certs: 'own.pem', id: NAMES[side], ...local?.[side] },
      remote: { auth: 'pubkey', id: NAMES[otherSide(side)], ...remote?.[side] },
      ...connection?.[side],
    },
  });
  return { extra: { moon: of('moon'), sun: of('sun') } };
}
