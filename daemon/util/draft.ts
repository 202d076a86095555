/**
 * A value that is still being made: whoever makes it adds what it need not have, and then hands it out as the readonly value. For
 * objects that are made for every SA, of which a literal with many spreads would be copied many times.
 */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };
