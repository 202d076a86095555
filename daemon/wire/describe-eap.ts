const codes: ReadonlyMap<number, string> = new Map([
  [1, 'REQ'],
  [2, 'RES'],
  [3, 'SUCC'],
  [4, 'FAIL'],
]);

/** EAP method types by the names of charon's log (IANA EAP registry). */
const methods: ReadonlyMap<number, string> = new Map([
  [1, 'ID'],
  [2, 'NTF'],
  [3, 'NAK'],
  [4, 'MD5'],
  [5, 'OTP'],
  [6, 'GTC'],
  [13, 'TLS'],
  [18, 'SIM'],
  [21, 'TTLS'],
  [23, 'AKA'],
  [25, 'PEAP'],
  [26, 'MSCHAPV2'],
  [33, 'MSTLV'],
  [38, 'TNC'],
  [50, 'AKA_PRIME'],
  [55, 'TEAP'],
  [254, 'EXP'],
]);

/** `EAP/REQ/MD5`, `EAP/SUCC`; unknown codes and methods print as numbers. */
export function describeEap(packet: Uint8Array): string {
  const [code = 0, , , , method] = packet;
  const kind = codes.get(code) ?? `(${code})`;
  if (method === undefined || code > 2) return `EAP/${kind}`;
  return `EAP/${kind}/${methods.get(method) ?? `(${method})`}`;
}
