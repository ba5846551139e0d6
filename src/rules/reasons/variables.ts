/** What the ocean variables (EOV) are called: the codes are those of the vocabulary, the words are for people. */

import type { Language, Text } from './words.ts'

const names: Readonly<Record<string, Text>> = {
  oxygen: { en: 'oxygen', fr: 'oxygène' },
  nutrients: { en: 'nutrients', fr: 'éléments nutritifs' },
  inorganicCarbon: { en: 'inorganic carbon', fr: 'carbone inorganique' },
  dissolvedOrganicCarbon: { en: 'dissolved organic carbon', fr: 'carbone organique dissous' },
  seaSurfaceHeight: { en: 'sea surface height', fr: 'hauteur de la surface de la mer' },
  seaIce: { en: 'sea ice', fr: 'glace de mer' },
  seaState: { en: 'sea state', fr: 'état de la mer' },
  seaSurfaceSalinity: { en: 'sea surface salinity', fr: 'salinité de surface' },
  seaSurfaceTemperature: { en: 'sea surface temperature', fr: 'température de surface' },
  subSurfaceSalinity: { en: 'subsurface salinity', fr: 'salinité sous la surface' },
  subSurfaceTemperature: { en: 'subsurface temperature', fr: 'température sous la surface' },
  surfaceCurrents: { en: 'surface currents', fr: 'courants de surface' },
  subSurfaceCurrents: { en: 'subsurface currents', fr: 'courants sous la surface' },
  transientTracers: { en: 'transient tracers', fr: 'traceurs transitoires' },
  particulateMatter: { en: 'particulate matter', fr: 'matière particulaire' },
  nitrousOxide: { en: 'nitrous oxide', fr: 'oxyde nitreux' },
  stableCarbonIsotopes: { en: 'stable carbon isotopes', fr: 'isotopes stables du carbone' },
  phytoplanktonBiomassAndDiversity: {
    en: 'phytoplankton biomass and diversity',
    fr: 'biomasse et diversité du phytoplancton',
  },
  zooplanktonBiomassAndDiversity: {
    en: 'zooplankton biomass and diversity',
    fr: 'biomasse et diversité du zooplancton',
  },
  fishAbundanceAndDistribution: {
    en: 'fish abundance and distribution',
    fr: 'abondance et répartition des poissons',
  },
  marineTurtlesBirdsMammalsAbundanceAndDistribution: {
    en: 'marine turtles, birds and mammals: abundance and distribution',
    fr: 'tortues, oiseaux et mammifères marins : abondance et répartition',
  },
  seaTurtlesAbundanceAndDistribution: {
    en: 'sea turtles: abundance and distribution',
    fr: 'abondance et répartition des tortues de mer',
  },
  seabirdsAbundanceAndDistribution: {
    en: 'seabirds: abundance and distribution',
    fr: 'abondance et répartition des oiseaux de mer',
  },
  marineMammalsAbundanceAndDistribution: {
    en: 'marine mammals: abundance and distribution',
    fr: 'abondance et répartition des mammifères marins',
  },
  hardCoralCoverAndComposition: {
    en: 'hard coral cover and composition',
    fr: 'couverture et composition des coraux durs',
  },
  seagrassCoverAndComposition: {
    en: 'seagrass cover and composition',
    fr: 'couverture et composition des herbiers marins',
  },
  macroalgalCanopyCoverAndComposition: {
    en: 'macroalgal canopy cover and composition',
    fr: 'couverture et composition des macroalgues',
  },
  invertebrateAbundanceAndDistribution: {
    en: 'invertebrates: abundance and distribution',
    fr: 'abondance et répartition des invertébrés',
  },
  microbeBiomassAndDiversity: {
    en: 'microbe biomass and diversity',
    fr: 'biomasse et diversité des microbes',
  },
  oceanColour: { en: 'ocean colour', fr: 'couleur de l’océan' },
  oceanSound: { en: 'ocean sound', fr: 'sons de l’océan' },
  marineDebris: { en: 'marine debris', fr: 'débris marins' },
  oceanSurfaceHeatFlux: { en: 'ocean surface heat flux', fr: 'flux de chaleur à la surface' },
  oceanSurfaceStress: { en: 'ocean surface stress', fr: 'tension à la surface' },
  oceanBottomPressure: { en: 'ocean bottom pressure', fr: 'pression au fond' },
}

/** The words for an ocean variable; the code itself where a newer vocabulary has one that we do not know. */
export function variableName(language: Language, code: string): string {
  return names[code]?.[language] ?? code
}
