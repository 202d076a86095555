import { test } from 'vitest';
import { conclude, type Ending } from './ending.ts';
import { Stage, type StageSetup } from './stage.ts';

/** One case of the catalogue: how it begins and what happens; what always holds at the end is added ({@link conclude}). */
export interface CollisionCase<V extends string> {
  readonly id: string;
  readonly title: string;
  readonly variants: readonly V[];
  /** The same for all variants, or one for each. */
  readonly setup?: StageSetup | ((variant: V) => StageSetup);
  /** Begins without any SA. */
  readonly empty?: boolean;
  /** Delivers several datagrams before either side may react, so that none can be repeated in between. */
  readonly burst?: boolean;
  readonly run: (stage: Stage, variant: V) => Promise<Ending>;
}

/**
 * One test for each variant, `CC-01[a] title`; and each once more as EX-13, in which every request arrives twice and every
 * response is lost once.
 */
export function collisionCase<V extends string = ''>(one: CollisionCase<V>): void {
  for (const variant of one.variants) {
    const id = variant === '' ? one.id : `${one.id}[${variant}]`;
    for (const repeat of one.burst ? [false] : [false, true]) {
      test(`${repeat ? 'EX-13 ' : ''}${id} ${one.title}`, async () => {
        const setup = typeof one.setup === 'function' ? one.setup(variant) : one.setup;
        const full = { ...setup, repeat };
        await using stage = await (one.empty ? Stage.empty(full) : Stage.up(full));
        await conclude(stage, await one.run(stage, variant));
      });
    }
  }
}
