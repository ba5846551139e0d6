/** What is fixed of each kind of source: its name, the table of its rows, the addresses that people may open. */

interface SourceTypeFacts {
  /** As people call it. */
  label: string
  /** The file and table that hold what its datasets give. */
  rows: 'profiles' | 'obis_cells'
  /** What such a row is called in the log. */
  rowsCalled: string
  /** Hosts that are of this kind whatever is known of them. */
  hosts: readonly string[]
  /** Where a person may look at a dataset of a source; the address is without trailing slash, the id is encoded. */
  page(address: string, id: string): string
}

export const sourceTypes = {
  erddap: {
    label: 'ERDDAP',
    rows: 'profiles',
    rowsCalled: 'profiles',
    hosts: [],
    page: (address, id) => `${address}/info/${id}/index.html`,
  },
  obis: {
    label: 'OBIS',
    rows: 'obis_cells',
    rowsCalled: 'cells',
    hosts: ['obis.org', 'api.obis.org'],
    page: (address, id) => `${address}/dataset/${id}`,
  },
} as const satisfies Record<string, SourceTypeFacts>

export type SourceType = keyof typeof sourceTypes

export const sourceTypeNames = Object.keys(sourceTypes) as [SourceType, ...SourceType[]]

/** The kind that a file or a row means which names none: those of before there were several. */
export const defaultSourceType: SourceType = 'erddap'

export function sourceTypeFacts(type: SourceType): SourceTypeFacts {
  return sourceTypes[type]
}

/** The kind of that name, else the default. */
export function sourceTypeOf(name: string | null | undefined): SourceType {
  return sourceTypeNames.find((type) => type === name) ?? defaultSourceType
}

/** The kind of a source of which only the address is known. */
export function sourceTypeAt(address: string): SourceType {
  const host = URL.canParse(address) ? new URL(address).hostname : ''
  return sourceTypeNames.find((type) => sourceTypeFacts(type).hosts.includes(host)) ?? defaultSourceType
}
