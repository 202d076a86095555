import type { BrokenFile } from './broken-file.ts';

/** What only strongswan.conf has. */
export const SETTINGS: readonly BrokenFile[] = [
  {
    name: 'both ports the same',
    text: 'charon {\n  port = 4500\n}\n',
    errors: [
      'main:2:3: error: port and port_nat_t are both 4500: they must differ [invalid-value]',
    ],
  },
  {
    name: 'SPIs in the wrong order',
    text: 'charon {\n  spi_min = 0xcfffffff\n  spi_max = 0xc0000000\n}\n',
    errors: [
      'main:2:3: error: spi_min is greater than spi_max: no SPI could be allocated [invalid-value]',
    ],
  },
];
