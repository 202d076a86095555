import type { Clock } from '../contracts/clock.ts';
import type { Logger } from '../contracts/logger.ts';
import type { Identity } from '../proto/identity.ts';
import { errorText } from '../util/error.ts';
import { run, type Waits } from '../util/waits.ts';
import { claimsOf } from './path/claims.ts';
import { nameOf } from './path/failure.ts';
import { Judgement, type JudgementSetup } from './path/judgement.ts';
import type {
  KeyClaim,
  PeerTrust,
  ReceivedCredentials,
  TrustConstraints,
  TrustVerdict,
} from './trust.ts';

/** What trust in peers is made of. */
export interface PeerTrustSetup extends JudgementSetup {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Trust in peers by what is loaded: chains to trust anchors, certificates and raw keys that were configured. */
export class CredentialTrust implements PeerTrust {
  readonly #setup: PeerTrustSetup;

  constructor(setup: PeerTrustSetup) {
    this.#setup = setup;
  }

  claims(
    identity: Identity,
    received: ReceivedCredentials,
    constraints: TrustConstraints,
  ): readonly KeyClaim[] {
    const { finder, clock } = this.#setup;
    return claimsOf(identity, received, constraints, finder.snapshot(), clock.wallClock());
  }

  judge(
    claim: KeyClaim,
    received: ReceivedCredentials,
    constraints: TrustConstraints,
  ): TrustVerdict | Promise<TrustVerdict> {
    return run(this.#judge(claim, received, constraints));
  }

  *#judge(
    claim: KeyClaim,
    received: ReceivedCredentials,
    constraints: TrustConstraints,
  ): Waits<TrustVerdict> {
    try {
      const outcome = yield* new Judgement(this.#setup, received, constraints).run(claim);
      if (!('trusted' in outcome)) return { trusted: false, ...outcome };
      this.#logChain(outcome.chain);
      return outcome;
    } catch (error) {
      // Whatever could not be looked at is not trusted.
      const reason = `the certificate could not be judged: ${errorText(error)}`;
      return { trusted: false, reason, alert: 'cert-validation-failed' };
    }
  }

  // As charon does, whose lines people search for; the peer's own certificate was named when its signature was checked.
  #logChain(chain: Extract<TrustVerdict, { trusted: true }>['chain']): void {
    const { logger, finder } = this.#setup;
    if (!logger.enabled('cfg', 1)) return;
    const source = finder.snapshot();
    for (const certificate of chain.slice(1)) {
      const trusted = source.certificate(certificate.fingerprint)?.trusted === true;
      const kind = issuerKind(trusted, certificate === chain.at(-1));
      logger.log('cfg', 1, `  using ${kind} ${nameOf(certificate)}`);
    }
    if (chain.length > 1)
      logger.log(
        'cfg',
        1,
        `  reached self-signed root ca with a path length of ${chain.length - 2}`,
      );
  }
}

function issuerKind(trusted: boolean, last: boolean): string {
  if (last) return 'trusted ca certificate';
  return trusted ? 'trusted intermediate ca certificate' : 'untrusted intermediate certificate';
}
