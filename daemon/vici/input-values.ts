/** A text; numbers are written in decimal. Its octets are those of UTF-8. */
export type TextInput = string | number | bigint;

/** A whole number, or its digits. */
export type NumberInput = number | bigint | `${number}`;

/** A time: seconds, or digits and a unit. */
export type TimeInput = NumberInput | `${number}${'s' | 'm' | 'h' | 'd'}`;

/** An amount of data: octets, or digits and a unit of 1024, 1024^2 or 1024^3. */
export type SizeInput = NumberInput | `${number}${'k' | 'm' | 'g'}`;

/** Yes or no. */
export type SwitchInput = boolean | 'yes' | 'no';

/** Octets as they are, or a text in UTF-8. */
export type OctetsInput = Uint8Array | string;
