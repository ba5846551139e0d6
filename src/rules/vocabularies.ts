/** The vocabularies that the rules look things up in, indexed from the data files of `config/vocabularies/`. */

export interface OceanVariable {
  name: string
  standardNames: readonly string[]
}

/** The data files as they are. */
export interface VocabularyData {
  cfStandardNames: {
    version: string
    names: readonly string[]
    /** Former names, with the names that replaced them. */
    aliases: Readonly<Record<string, readonly string[]>>
  }
  /** In mapping order. */
  oceanVariables: readonly OceanVariable[]
  platforms: {
    l06: readonly { code: string; label: string; category: string }[]
    ioos: readonly { label: string; code: string }[]
  }
}

export interface Vocabularies {
  /** Version of the CF standard name table. */
  cfVersion: string
  /** Every name that the CF table knows, former ones included. */
  cfNames: ReadonlySet<string>
  /** In mapping order. */
  oceanVariables: readonly OceanVariable[]
  /** The standard names that belong to some ocean variable. */
  mappedNames: ReadonlySet<string>
  /** Category by label of L06, in lower case. */
  categoryOfL06Label: ReadonlyMap<string, string>
  /** Category by platform label of IOOS, in lower case. */
  categoryOfIoosLabel: ReadonlyMap<string, string>
}

/** Indexes the data files. An IOOS label whose code L06 does not have is left out. */
export function indexVocabularies(data: VocabularyData): Vocabularies {
  const { cfStandardNames, oceanVariables, platforms } = data
  const categoryOfCode = new Map(platforms.l06.map(({ code, category }) => [code, category]))
  return {
    cfVersion: cfStandardNames.version,
    cfNames: new Set([...cfStandardNames.names, ...Object.keys(cfStandardNames.aliases)]),
    oceanVariables,
    mappedNames: new Set(oceanVariables.flatMap(({ standardNames }) => standardNames)),
    categoryOfL06Label: new Map(
      platforms.l06.map(({ label, category }) => [label.toLowerCase(), category] as const),
    ),
    categoryOfIoosLabel: new Map(
      platforms.ioos.flatMap(({ label, code }) => {
        const category = categoryOfCode.get(code)
        return category === undefined ? [] : [[label.toLowerCase(), category] as const]
      }),
    ),
  }
}
