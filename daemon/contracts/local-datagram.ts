/** Datagrams to a local service: syslog, the systemd journal, a service manager. */
export interface LocalDatagrams {
  /** A way to one path; `@` in front stands for an abstract name. Nobody needs to be there yet. */
  to(path: string): LocalDatagramSender;
}

export interface LocalDatagramSender {
  /** 0 when the system has taken the octets, else a positive errno. Never waits and never throws. */
  send(octets: Uint8Array): number;
  close(): void;
}
