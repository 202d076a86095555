import type { DatagramTransport } from '../../daemon/contracts/datagram.ts';
import type { Logger } from '../../daemon/contracts/logger.ts';
import type { TransportSettings } from '../../daemon/contracts/plugin.ts';
import { errorText, IkedError } from '../../daemon/util/error.ts';
import { NetlinkError, UdpSocket, type UdpSocketOptions } from '../../native/index.ts';
import { SocketTransport } from './transport.ts';

/** The sockets could not be opened; the message says which and what to do. */
export class SocketError extends IkedError {
  /** `EADDRINUSE` and the like, empty where no system call failed. */
  readonly errnoName: string;

  constructor(errnoName: string, message: string, options?: ErrorOptions) {
    super('SOCKET', message, options);
    this.errnoName = errnoName;
  }
}

/** Octets; more than `charon.max_packet` allows, and little enough that 64 of them are cheap to have. */
const MAX_DATAGRAM = 16384;
/** How Linux says that an address family is not there. */
const NO_FAMILY: readonly string[] = ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT'];
/** How it says that a socket may not, or cannot, be exempt from policies or take ESP. */
const NO_OPTION: readonly string[] = ['EPERM', 'ENOPROTOOPT', 'EOPNOTSUPP', 'ENOSYS'];

/** Opens the IKE sockets: both ports, the families asked for. Rejects with {@link SocketError}. */
export async function openTransport(
  settings: TransportSettings,
  logger: Logger,
): Promise<DatagramTransport> {
  const sockets: UdpSocket[] = [];
  let transport: SocketTransport | undefined;
  const open = (family: 4 | 6, port: number, natt: boolean): UdpSocket => {
    const socket: UdpSocket = openSocket(logger, {
      family,
      port,
      espInUdp: natt,
      bypass: settings.underPolicies !== true,
      ...(settings.mark !== undefined && settings.mark !== 0 && { mark: settings.mark }),
      maxDatagram: MAX_DATAGRAM,
      onBatch: (batch) => transport?.receive(batch, socket.port),
      onError: (error) => logger.log('net', 1, error.message),
    });
    sockets.push(socket);
    return socket;
  };
  try {
    const ports = { ike: settings.ikePort, natt: settings.nattPort };
    for (const family of wantedFamilies(settings)) {
      try {
        ports.ike = open(family, ports.ike, false).port;
        ports.natt = open(family, ports.natt, true).port;
      } catch (error) {
        if (!isMissingFamily(error)) throw error;
        logger.log('net', 1, `IPv${family} is not available: ${error.message}`);
      }
    }
    if (sockets.length === 0) {
      throw new SocketError(
        '',
        'no IKE socket could be opened: neither IPv4 nor IPv6 is available',
      );
    }
    transport = new SocketTransport(sockets, ports, logger, settings.kernelChoosesSource !== true);
    return transport;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw socketError(error);
  }
}

function wantedFamilies(settings: TransportSettings): (4 | 6)[] {
  return [...(settings.ipv4 ? [4 as const] : []), ...(settings.ipv6 ? [6 as const] : [])];
}

function isMissingFamily(error: unknown): error is NetlinkError {
  return error instanceof NetlinkError && NO_FAMILY.includes(error.code);
}

// Without the rights or the kernel for IPsec the sockets still carry IKE; the log says what is missing.
function openSocket(logger: Logger, options: UdpSocketOptions): UdpSocket {
  const { bypass, espInUdp = false } = options;
  const tries = [
    { bypass: bypass === true, espInUdp },
    { bypass: false, espInUdp },
    { bypass: false, espInUdp: false },
  ];
  for (const [i, { bypass: exempt, espInUdp: esp }] of tries.entries()) {
    try {
      return new UdpSocket({ ...options, bypass: exempt, espInUdp: esp });
    } catch (error) {
      const last = i === tries.length - 1;
      if (last || !(error instanceof NetlinkError) || !NO_OPTION.includes(error.code)) throw error;
      logger.log('net', 1, `${error.message}; the socket goes without`);
    }
  }
  throw new SocketError('', 'no socket was tried');
}

function socketError(error: unknown): Error {
  if (error instanceof SocketError || !(error instanceof NetlinkError)) {
    return error instanceof IkedError
      ? error
      : new SocketError('', errorText(error), { cause: error });
  }
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another IKE daemon runs here: stop it, or set charon.port and charon.port_nat_t',
    EACCES: 'ports below 1024 need root or CAP_NET_BIND_SERVICE',
  };
  const remedy = remedies[error.code];
  const message = remedy === undefined ? error.message : `${error.message}; ${remedy}`;
  return new SocketError(error.code, message, { cause: error });
}
