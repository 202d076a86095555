import type { ChildConfig } from '../config/connection-types.ts';
import { KernelError } from '../contracts/kernel.ts';
import { type ChildSpi, childSpiBytes, childSpiFrom } from '../proto/child-spi.ts';
import { NotifyType, notifyName } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import { nameOfKeMethod } from '../proto/iana/transforms.ts';
import type { Message, Payload } from '../proto/payload.ts';
import type { Proposal } from '../proto/proposal.ts';
import { printProposals } from '../proto/proposal-print.ts';
import { selectProposal } from '../proto/proposal-select.ts';
import { stripKeyExchanges } from '../proto/proposal-transforms.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalSelectors } from '../proto/traffic-selector-math.ts';
import { errorText } from '../util/error.ts';
import { alert } from './announce.ts';
import type { AttemptStep } from './attempts/attempt-book.ts';
import {
  otherSelectors,
  proposalFailure,
  refusedProposals,
  refusedSelectors,
} from './attempts/failure.ts';
import { noteError } from './attempts/note.ts';
import {
  type ChildFeatures,
  commonMode,
  featureNotifies,
  readFeatures,
  wantedMode,
  wantsCompression,
} from './child-features.ts';
import { type AgreedFeatures, installChild } from './child-install.ts';
import type { ChildSa } from './child-sa.ts';
import { ReservedSpis } from './child-spis.ts';
import type { ExchangedSecrets } from './create-exchange.ts';
import { EstablishError } from './errors.ts';
import { withinGrants } from './granted-selectors.ts';
import { additionalKeMethods, agreedKeMethod } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import { narrowAcrossNat } from './nat-selectors.ts';
import { find, findError } from './payloads.ts';
import { fallbackOf, leaveAlone, wantedCpu, wantsPerCpu } from './per-cpu.ts';
import { wantedAddresses } from './receive-addresses.ts';
import {
  configuredSelectors,
  localHosts,
  printSelectors,
  remoteHosts,
  tooManyPairs,
} from './selectors.ts';
import type { ReservedSpi, SavedCreate } from './state/create-progress.ts';
import { childDisown } from './tasks/child-delete.ts';
import { withPacketFirst } from './triggers.ts';

/**
 * A CHILD_SA that we ask for: the payloads of the request, and what becomes of the answer. Until it is complete it
 * holds a reserved SPI, given back by `dispose`.
 */
export class ChildProposal {
  readonly uniqueId: number;
  /** The CPU that it is for, beside the fallback of all. */
  readonly cpu: number | undefined;
  readonly payloads: readonly Payload[];
  readonly #sa: IkeSa;
  readonly #child: ChildConfig;
  readonly #proposals: readonly Proposal[];
  readonly #spis: ReservedSpis;
  readonly #wanted: ChildFeatures;
  readonly #local: readonly TrafficSelector[];
  readonly #remote: readonly TrafficSelector[];
  /** It is asked for together with the virtual IPs it is for. */
  readonly #awaitsAddress: boolean;
  readonly #replaces: ChildSa | undefined;
  readonly #step: AttemptStep;
  /** Protocol of the CHILD_SA in the peer's answer: from then on it has one. */
  #agreedProtocol: number | undefined;

  private constructor(
    sa: IkeSa,
    child: ChildConfig,
    configured: readonly Proposal[],
    spis: ReservedSpis,
    selectors: ReturnType<typeof configuredSelectors>,
    wanted: ChildFeatures,
    replaces: ChildSa | undefined,
    uniqueId: number = sa.env.registry.nextChildId(),
  ) {
    const proposals = configured.map((proposal, index) => ({
      ...proposal,
      number: index + 1,
      spi: childSpiBytes(spis.get(proposal.protocol) ?? (0 as ChildSpi)),
    }));
    this.#replaces = replaces;
    this.#step = sa.state.kind === 'established' ? 'CREATE_CHILD_SA' : 'IKE_AUTH';
    this.#sa = sa;
    this.#child = child;
    this.#proposals = proposals;
    this.#spis = spis;
    this.#wanted = wanted;
    this.cpu = wanted.perCpu?.cpu;
    this.#local = selectors.local;
    this.#awaitsAddress = sa.state.kind !== 'established' && wantedAddresses(sa).length > 0;
    this.#remote = selectors.remote;
    const asConfigured = sa.env.options().ignore_acquire_ts || this.cpu !== undefined;
    const packet = asConfigured ? undefined : sa.triggers.of(child.name);
    const proposed = withPacketFirst(selectors, packet);
    this.uniqueId = uniqueId;
    this.payloads = [
      ...(replaces === undefined ? [] : [rekeyNotify(replaces)]),
      ...featureNotifies(wanted),
      { kind: 'SA', proposals },
      { kind: 'TSi', selectors: proposed.local },
      { kind: 'TSr', selectors: proposed.remote },
    ];
  }

  /**
   * Reserves an SPI per protocol, and a CPI for IPComp, and writes the request. `keepKe` keeps key exchange transforms (PFS); `replaces` makes
   * it a rekeying. `resumed` is what a predecessor of this process had asked for.
   */
  static async prepare(
    sa: IkeSa,
    child: ChildConfig,
    keepKe = false,
    replaces?: ChildSa,
    resumed?: Pick<SavedCreate, 'uniqueId' | 'reserved' | 'cpu'>,
  ): Promise<ChildProposal> {
    const configured = keepKe ? child.proposals : stripKeyExchanges(child.proposals);
    // A rekeying asks for what there is: peers refuse to have agreed selectors widened again.
    // So does one for a CPU: RFC 9611 wants what the fallback has.
    const cpu = replaces === undefined ? cpuFor(sa, child, resumed) : undefined;
    const model = replaces ?? (cpu === undefined ? undefined : fallbackOf(sa, child.name));
    const selectors =
      model === undefined
        ? configuredSelectors(child, localHosts(sa), remoteHosts(sa))
        : { local: model.terms.localTs, remote: model.terms.remoteTs };
    const spis = new ReservedSpis(sa, resumed?.reserved);
    try {
      for (const { protocol } of configured) await spis.reserve(protocol);
      const wanted = await wantedFeatures(sa, child, spis, selectors, replaces, cpu);
      return new ChildProposal(
        sa,
        child,
        configured,
        spis,
        selectors,
        wanted,
        replaces,
        resumed?.uniqueId,
      );
    } catch (error) {
      await spis.release();
      throw error;
    }
  }

  /** Our SPIs. */
  get reserved(): readonly ReservedSpi[] {
    return this.#spis.all;
  }

  /**
   * Reads the answer and installs what was agreed. A failure concerns the CHILD_SA only: it is told to whoever waits,
   * and the IKE_SA stays unless the options say otherwise.
   */
  async complete(
    message: Message,
    ni: Uint8Array,
    nr: Uint8Array,
    secrets: ExchangedSecrets = NO_SECRETS,
  ): Promise<void> {
    const sa = this.#sa;
    try {
      await this.install(message, ni, nr, secrets);
      this.#succeeded();
    } catch (error) {
      if (!(error instanceof EstablishError || error instanceof KernelError)) throw error;
      sa.waiters.settle(this.#child.name, { ok: false, errmsg: errorText(error) });
      noteError(sa, error, { role: 'initiator', step: this.#step, child: this.#child.name });
      if (error instanceof DeletedEarly) return;
      // The fallback carries the traffic all the same.
      if (this.cpu !== undefined) {
        this.disown();
        return;
      }
      if (sa.env.options().close_ike_on_child_failure) {
        sa.log.log('ike', 1, 'closing IKE_SA due to CHILD_SA setup failure');
        await sa.deleteNow(errorText(error));
        return;
      }
      this.disown();
      sa.log.log('ike', 1, 'failed to establish CHILD_SA, keeping IKE_SA');
      alert(sa.env, 'keep-on-child-sa-failure', sa);
    }
  }

  // Whoever waits may rely on what the updown script does, an open firewall for one; the IKE_SA itself does not wait.
  #succeeded(): void {
    const { env, waiters } = this.#sa;
    const tell = (): void => waiters.settle(this.#child.name, { ok: true });
    const script = env.updown.runningFor(this.#sa.children.get(this.uniqueId));
    if (script === undefined) tell();
    else script.then(tell, tell);
  }

  /**
   * Queues a DELETE for the CHILD_SA that the peer agreed to and we do not have: without one the peer would send into it
   * until it expires.
   */
  disown(): void {
    const protocol = this.#agreedProtocol;
    const spi = protocol === undefined ? undefined : this.#spis.get(protocol);
    if (protocol === undefined || spi === undefined) return;
    this.#sa.tasks.queue(childDisown(protocol, spi));
  }

  /** Whether the peer deleted the CHILD_SA of this answer before the answer arrived. */
  deletedEarly(message: Message): boolean {
    const selected = find(message, 'SA')?.proposals[0];
    const spi = childSpiFrom(selected?.spi ?? new Uint8Array(0));
    if (selected === undefined || spi === undefined) return false;
    return this.#sa.earlyDeletes.has(selected.protocol, spi);
  }

  /** Gives back what was reserved and no CHILD_SA took over. */
  async dispose(): Promise<void> {
    await this.#spis.release();
  }

  /**
   * Installs what the answer agrees to; with `outbound` false only what receives. Rejects with {@link EstablishError} or
   * {@link KernelError}.
   */
  async install(
    message: Message,
    ni: Uint8Array,
    nr: Uint8Array,
    secrets: ExchangedSecrets,
    outbound = true,
  ): Promise<ChildSa> {
    const sa = this.#sa;
    const [offer, tsi, tsr] = [find(message, 'SA'), find(message, 'TSi'), find(message, 'TSr')];
    if (offer === undefined || tsi === undefined || tsr === undefined) throw this.#refused(message);
    this.#agreedProtocol = offer.proposals[0]?.protocol;
    const selection = selectProposal(this.#proposals, offer.proposals, { preferConfigured: false });
    const spiOut = childSpiFrom(offer.proposals[0]?.spi ?? new Uint8Array(0));
    if (!selection.ok || offer.proposals.length !== 1 || spiOut === undefined || spiOut === 0) {
      throw new EstablishError(
        `peer selected ${printProposals(offer.proposals)} for CHILD_SA '${this.#child.name}', which we did not propose`,
        { failure: proposalFailure(selection.ok ? undefined : selection.nearest) },
      );
    }
    sa.log.log('cfg', 1, `selected proposal: ${printProposals([selection.proposal])}`);
    if (this.#replaces === undefined && this.deletedEarly(message)) {
      sa.log.log(
        'ike',
        1,
        `peer deleted CHILD_SA '${this.#child.name}' again already, not installing it`,
      );
      throw new DeletedEarly(`the peer deleted CHILD_SA '${this.#child.name}' at once`);
    }
    const method = agreedKeMethod(selection.proposal);
    const additional = additionalKeMethods(selection.proposal).length;
    if ((method !== 0 && method !== secrets.method) || additional !== secrets.additional.length) {
      throw new EstablishError(
        `peer selected other key exchanges for CHILD_SA '${this.#child.name}' than it did (${nameOfKeMethod(method)})`,
      );
    }
    const features = this.#agreedFeatures(message);
    const nat = features.mode === 'transport' ? sa.nat : { local: false, remote: false };
    const localSeen = nat.local ? sa.local.address : undefined;
    const localTs = narrowAcrossNat(this.#ownSelectors(), tsi.selectors, localSeen);
    const remoteSeen = nat.remote ? sa.remote.address : undefined;
    const remoteTs = narrowAcrossNat(this.#remote, tsr.selectors, remoteSeen);
    if (!equalSelectors(withinGrants(sa, remoteTs), remoteTs)) {
      throw new EstablishError(
        `peer answered with traffic selectors ${printSelectors([], remoteTs)}, which its certificate does not grant it`,
      );
    }
    if (localTs.length === 0 || remoteTs.length === 0) {
      throw new EstablishError(
        `peer answered with traffic selectors ${printSelectors(tsi.selectors, tsr.selectors)}, ` +
          `which are not part of ours, ${printSelectors(this.#local, this.#remote)}`,
        {
          failure: otherSelectors(
            printSelectors(this.#local, this.#remote),
            printSelectors(tsi.selectors, tsr.selectors),
          ),
        },
      );
    }
    const choice = { child: this.#child, local: localTs, remote: remoteTs };
    if (tooManyPairs(sa, choice, this.#replaces)) {
      throw new EstablishError(
        `peer answered with ${localTs.length} and ${remoteTs.length} traffic selectors, which make too many policies`,
      );
    }
    const spiIn = this.#spis.get(selection.proposal.protocol);
    if (spiIn === undefined) throw new EstablishError('peer selected another protocol');
    return await installChild(sa, {
      uniqueId: this.uniqueId,
      child: this.#child,
      proposal: selection.proposal,
      ...features,
      spiIn,
      spiOut,
      localTs,
      remoteTs,
      byUs: true,
      ni,
      nr,
      secret: method === 0 ? undefined : secrets.secret,
      additional: secrets.additional,
      outbound,
      ...(this.#replaces === undefined ? {} : { replaces: this.#replaces }),
    });
  }

  // Asked for with any address, because the virtual IP comes with the same answer.
  #ownSelectors(): readonly TrafficSelector[] {
    const sa = this.#sa;
    if (this.#replaces !== undefined) return this.#local;
    if (sa.configuration.local.length === 0 && wantedAddresses(sa).length > 0) {
      sa.log.log('ike', 1, 'configuration payload negotiation failed, no CHILD_SA built');
      throw new EstablishError('the peer assigned none of the virtual IPs asked for (vips)', {
        failure: { kind: 'virtual-ip' },
      });
    }
    if (!this.#awaitsAddress) return this.#local;
    return configuredSelectors(this.#child, localHosts(sa), remoteHosts(sa)).local;
  }

  #agreedFeatures(message: Message): AgreedFeatures {
    const peer = readFeatures(this.#sa, message);
    const cpiIn = this.#wanted.cpi;
    return {
      mode: commonMode(this.#sa, this.#wanted.mode, peer.mode, true),
      ...this.#agreedPerCpu(peer),
      ...(cpiIn === undefined || peer.cpi === undefined
        ? {}
        : { ipcomp: { cpiIn, cpiOut: peer.cpi } }),
      peer,
    };
  }

  // A peer that takes one for a CPU has agreed to that with the fallback.
  #agreedPerCpu(peer: ChildFeatures): Pick<AgreedFeatures, 'perCpu'> {
    const { perCpu } = this.#wanted;
    if (perCpu === undefined || (perCpu.cpu === undefined && peer.perCpu === undefined)) return {};
    return { perCpu };
  }

  #refused(message: Message): EstablishError {
    const error = findError(message);
    const name = this.#child.name;
    const noMore =
      error?.type === NotifyType.TS_MAX_QUEUE || error?.type === NotifyType.NO_ADDITIONAL_SAS;
    if (noMore && this.cpu !== undefined) leaveAlone(this.#sa, name);
    if (error === undefined)
      return new EstablishError('the answer lacks an SA, TSi or TSr payload');
    const sentence = `received ${notifyName(error.type)} notify, no CHILD_SA built`;
    this.#sa.log.log('ike', 1, sentence);
    if (error.type === NotifyType.NO_PROPOSAL_CHOSEN) {
      alert(this.#sa.env, 'proposal-mismatch-child', this.#sa);
      return new EstablishError(
        `${sentence}: the peer accepts none of the proposals of '${name}' (${printProposals(this.#proposals)})`,
        { failure: refusedProposals(this.#proposals) },
      );
    }
    if (error.type === NotifyType.TS_UNACCEPTABLE) {
      alert(this.#sa.env, 'ts-mismatch', this.#sa);
      return new EstablishError(
        `${sentence}: the peer has no child for ${printSelectors(this.#local, this.#remote)}`,
        { failure: refusedSelectors(printSelectors(this.#local, this.#remote)) },
      );
    }
    return new EstablishError(sentence, { failure: { kind: 'refused', notify: error.type } });
  }
}

/** The peer closed the CHILD_SA before we had its answer: there is nothing to give back to it. */
class DeletedEarly extends EstablishError {}

const NO_SECRETS: ExchangedSecrets = { method: 0, secret: undefined, additional: [] };

/** Names the CHILD_SA to be replaced by our SPI, RFC 7296 section 1.3.3. */
function rekeyNotify(old: ChildSa): Payload {
  return {
    kind: 'Notify',
    protocol: old.terms.protocol === 51 ? ProtocolId.AH : ProtocolId.ESP,
    spi: childSpiBytes(old.terms.spiIn),
    type: NotifyType.REKEY_SA,
    data: new Uint8Array(0),
  };
}

function cpuFor(
  sa: IkeSa,
  child: ChildConfig,
  resumed: Pick<SavedCreate, 'cpu'> | undefined,
): number | undefined {
  return resumed === undefined ? wantedCpu(sa, child) : resumed.cpu;
}

async function wantedFeatures(
  sa: IkeSa,
  child: ChildConfig,
  spis: ReservedSpis,
  { local, remote }: ReturnType<typeof configuredSelectors>,
  replaces: ChildSa | undefined,
  cpu: number | undefined,
): Promise<ChildFeatures> {
  const mode = replaces?.terms.mode ?? wantedMode(sa, child, child.proposals, local, remote);
  const compress = replaces?.terms.ipcomp !== undefined || replaces === undefined;
  const cpi =
    compress && wantsCompression(sa, child, mode) ? { cpi: await spis.reserveCpi() } : undefined;
  // A rekeying keeps the CPU without a word, RFC 9611.
  const perCpu = replaces === undefined && wantsPerCpu(sa, child) ? { perCpu: { cpu } } : undefined;
  const wholePackets = !sa.env.options()['iptfs.accept_fragments'];
  return { mode, ...cpi, wholePackets, ...perCpu };
}
