import type { Coverage } from '../../api.ts'
import { useWords } from '../../language.ts'
import { integer } from '../../model/times.ts'
import { TableHead } from '../TableHead.tsx'
import { amountOf } from './amounts.ts'

const tableRows = 100

/** The fullest hexagons in numbers, for those who do not see the map. */
export function HexagonTable({ coverage }: { coverage: Coverage }) {
  const { t, language } = useWords()
  const degrees = (value: number) =>
    new Intl.NumberFormat(language === 'fr' ? 'fr-CA' : 'en-CA', {
      minimumFractionDigits: 2,
      maximumFractionDigits: 2,
    }).format(value)
  const rows = [...coverage.hexagons].sort((a, b) => amountOf(b) - amountOf(a)).slice(0, tableRows)
  if (rows.length === 0) return null
  return (
    <details className="panel map-table">
      <summary>{t('map.table')}</summary>
      <table>
        <caption>
          {t('map.table.shown', {
            shown: integer(rows.length, language),
            total: integer(coverage.hexagons.length, language),
          })}
        </caption>
        <TableHead
          columns={[
            { right: t('map.table.latitude') },
            { right: t('map.table.longitude') },
            { right: t('map.table.profiles') },
            { right: t('biology.cells') },
            { right: t('map.table.datasets') },
          ]}
        />
        <tbody>
          {rows.map((hexagon) => (
            <tr key={`${hexagon.longitude} ${hexagon.latitude}`}>
              <td className="right">{degrees(hexagon.latitude)}°</td>
              <td className="right">{degrees(hexagon.longitude)}°</td>
              <td className="right">{integer(hexagon.n_profiles, language)}</td>
              <td className="right">{integer(hexagon.n_cells, language)}</td>
              <td className="right">{integer(hexagon.n_datasets, language)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
