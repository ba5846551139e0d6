import type { Coverage } from '../../api.ts'
import { useWords } from '../../language.ts'
import { integer } from '../../model/times.ts'

export type Hexagon = Coverage['hexagons'][number]

/** How full a hexagon is: profiles of stations and cells of OBIS are never at the same place twice. */
export function amountOf(hexagon: { n_profiles: number; n_cells: number }): number {
  return hexagon.n_profiles + hexagon.n_cells
}

/** Words for amounts, in the language of the page. */
export function useAmounts() {
  const { t, language } = useWords()
  return {
    /** Profiles are profiles and cells are cells: each is named where it is there. */
    both: ({ n_profiles, n_cells }: { n_profiles: number; n_cells: number }) =>
      [
        ...(n_profiles > 0 || n_cells === 0
          ? [t('map.profiles', { count: n_profiles, formatted: integer(n_profiles, language) })]
          : []),
        ...(n_cells > 0 ? [t('map.cells', { count: n_cells, formatted: integer(n_cells, language) })] : []),
      ].join(' + '),
    datasets: (n: number) => t('map.datasets', { count: n, formatted: integer(n, language) }),
  }
}
