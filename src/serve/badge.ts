/** A badge for a server's own page: how many of its datasets are harvested. Pure. */
import { counted, type Language } from '../rules/reasons/words.ts'

export type BadgeColour = 'green' | 'amber' | 'red' | 'grey'

const colours: Readonly<Record<BadgeColour, string>> = {
  green: '#1f7a45',
  amber: '#8a5a00',
  red: '#b3261e',
  grey: '#5b656a',
}

/** Green: all of them; amber: some are missing; red: most are, or the last harvest failed; grey: not harvested yet. */
export function badgeColour(harvested: number, total: number, failed: boolean): BadgeColour {
  if (total === 0) return failed ? 'red' : 'grey'
  if (failed || harvested * 2 < total) return 'red'
  return harvested >= total ? 'green' : 'amber'
}

function badgeText(language: Language, harvested: number, total: number): [label: string, value: string] {
  if (total === 0) return language === 'en' ? ['harvested', 'not yet'] : ['moissonné', 'pas encore']
  return language === 'en'
    ? ['harvested', `${harvested} of ${total}`]
    : [counted('fr', harvested, 'moissonné', 'moissonnés').replace(/^\S+ /, ''), `${harvested} sur ${total}`]
}

/** Widths are those of 11 px Verdana or DejaVu Sans, near enough. */
const characterWidth = 6.6

export function badgeSvg(language: Language, harvested: number, total: number, failed: boolean): string {
  const [label, value] = badgeText(language, harvested, total)
  const [left, right] = [label, value].map((text) => Math.round(text.length * characterWidth) + 12) as [
    number,
    number,
  ]
  const width = left + right
  const text = `${label} ${value}`
  const colour = colours[badgeColour(harvested, total, failed)]
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" viewBox="0 0 ${width} 20" role="img" aria-label="${text}" lang="${language}">
<title>${text}</title>
<clipPath id="r"><rect width="${width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="${left}" height="20" fill="#3d464b"/><rect x="${left}" width="${right}" height="20" fill="${colour}"/></g>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11"><text x="${left / 2}" y="14">${label}</text><text x="${left + right / 2}" y="14">${value}</text></g>
</svg>
`
}
