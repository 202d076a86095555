import type { KernelNet } from '../contracts/kernel.ts';
import type { Logger } from '../contracts/logger.ts';
import type { PolicyView } from '../contracts/views.ts';
import { ipBytes, ipFromBytes } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { ANY_UPPER, selectorOfPrefix } from '../proto/traffic-selector-math.ts';
import { errorText } from '../util/error.ts';
import type { InstalledPolicies } from './installed-policies.ts';
import type { KernelInstaller } from './installer.ts';

/** Which interfaces' networks are bypassed; `interfaces_use` goes before `interfaces_ignore`. */
export interface BypassLanSettings {
  readonly enabled: boolean;
  readonly use: readonly string[];
  readonly ignore: readonly string[];
}

/** What the bypass is made with. */
export interface BypassLanDeps {
  readonly net: Pick<KernelNet, 'addresses'>;
  readonly installer: Pick<KernelInstaller, 'installShunt'>;
  readonly logger: Logger;
  readonly settings: () => BypassLanSettings;
}

interface Lan {
  readonly text: string;
  readonly network: TrafficSelector;
}

const LOOPBACK = 'lo';
/** Networks at most: a policy for each is looked at by every packet. */
const LIMIT = 1024;

/** Lets traffic within the networks that this host is attached to pass beside its tunnels. */
export class BypassLan {
  readonly #deps: BypassLanDeps;
  readonly #installed = new Map<
    string,
    { readonly lan: Lan; readonly kernel: InstalledPolicies }
  >();
  #following: Promise<void> = Promise.resolve();

  constructor(deps: BypassLanDeps) {
    this.#deps = deps;
  }

  /** Follows addresses and settings as they are now; failures are logged. */
  refresh(): Promise<void> {
    if (!this.#deps.settings().enabled) return Promise.resolve();
    this.#following = this.#following.then(() => this.#follow());
    return this.#following;
  }

  /** One for each network, as `list-policies` shows it. */
  views(): readonly PolicyView[] {
    return [...this.#installed.values()].map(({ lan: { text } }) => ({
      kind: 'pass',
      ike: 'bypass-lan',
      child: `Bypass LAN ${text}`,
      mode: 'pass',
      localTs: [text],
      remoteTs: [text],
    }));
  }

  async #follow(): Promise<void> {
    try {
      const wanted = await this.#wanted();
      for (const lan of wanted.values())
        if (!this.#installed.has(lan.text)) await this.#install(lan);
      for (const [key, { lan, kernel }] of this.#installed) {
        if (wanted.has(key)) continue;
        this.#installed.delete(key);
        await kernel.remove();
        this.#log(`uninstalled bypass policy for ${lan.text}`);
      }
    } catch (error) {
      this.#log(`following the attached networks failed: ${errorText(error)}`);
    }
  }

  async #wanted(): Promise<ReadonlyMap<string, Lan>> {
    const { use, ignore } = this.#deps.settings();
    const wanted = new Map<string, Lan>();
    for (const { address, prefix, interfaceName } of await this.#deps.net.addresses()) {
      const served = use.length > 0 ? use.includes(interfaceName) : !ignore.includes(interfaceName);
      // The network of a single address is that host.
      const alone = prefix >= ipBytes(address).length * 8;
      if (!served || alone || interfaceName === LOOPBACK || wanted.size >= LIMIT) continue;
      const network = selectorOfPrefix(address, prefix, ANY_UPPER);
      const text = `${ipFromBytes(network.startAddress)}/${prefix}`;
      wanted.set(text, { text, network });
    }
    return wanted;
  }

  async #install(lan: Lan): Promise<void> {
    try {
      const kernel = await this.#deps.installer.installShunt({
        kind: 'pass',
        localTs: [lan.network],
        remoteTs: [lan.network],
        ifIdIn: 0,
        ifIdOut: 0,
        priority: 0,
      });
      this.#installed.set(lan.text, { lan, kernel });
      this.#log(`installed bypass policy for ${lan.text}`);
    } catch (error) {
      this.#log(`installing bypass policy for ${lan.text} failed: ${errorText(error)}`);
    }
  }

  #log(sentence: string): void {
    this.#deps.logger.log('knl', 1, sentence);
  }
}
