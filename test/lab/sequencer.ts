import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import durations from './durations.json' with { type: 'json' };
import { filesOfShard } from './shards.ts';

/** What `vitest run --shard=1/3` runs: shards that take about equally long, by what their files took before. */
export class ByDuration extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root, shard } = this.ctx.config;
    if (shard === undefined) return files;
    const pathOf = ({ moduleId }: TestSpecification): string => relative(root, moduleId);
    const mine = new Set(filesOfShard(files.map(pathOf), durations, shard.index, shard.count));
    return files.filter((file) => mine.has(pathOf(file)));
  }
}
