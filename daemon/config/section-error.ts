import { ConfigError } from '../util/error.ts';

/** The operator's mistake within sections whose names are known. */
export class SectionError extends ConfigError {
  /** Sections around the option, outermost first, as far as they are known where it was thrown. */
  readonly sections: readonly string[];

  constructor(error: ConfigError, sections: readonly string[]) {
    super(error.path, error.message, { cause: error.cause });
    this.sections = sections;
  }
}

/** Sections around the option that an error is about, outermost first. */
export function sectionsOf(error: ConfigError): readonly string[] {
  return error instanceof SectionError ? error.sections : [];
}

/** What `read` gives; a `ConfigError` out of it comes with the name of the section around it. */
export function inSection<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new SectionError(error, [name, ...sectionsOf(error)]);
  }
}
