import type { OperatorFiles } from '../../daemon/contracts/operator-files.ts';
import { MemoryFiles } from './memory-files.ts';

/** Files in memory for programs that a person starts. */
export class OperatorMemoryFiles extends MemoryFiles implements OperatorFiles {
  list(folder: string): readonly string[] {
    return this.glob(`${folder}/*`, '/');
  }

  exists(path: string): boolean {
    try {
      this.readText(path);
      return true;
    } catch {
      return this.list(path).length > 0;
    }
  }
}
