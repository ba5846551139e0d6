/**
 * Remedies: what an owner changes in `datasets.xml` so that a dataset is harvested, or harvested better. Values are of
 * this dataset; the sentence is in both languages, the change is XML, the page is ERDDAP's own documentation. Nothing
 * is ever applied by us.
 */

import { variableName } from '../reasons/variables.ts'
import type { Language } from '../reasons/words.ts'
import { isMovingType } from '../tracks/types.ts'
import { manual, remedy } from './entry.ts'
import { movingRemedies } from './moving.ts'
import { att, block, element, fixedVariable, globalAttributes, variable } from './xml.ts'

export interface StandardNameProposal {
  variable: string
  /** What it says now; '' for nothing. */
  given: string
  suggested: string
  /** What it counts for; null for a name with a modifier, which counts for nothing. */
  eov: string | null
  alternatives: readonly { name: string; eov: string | null }[]
}

/** What ERDDAP wants beside a type; of casts along a track, two attributes. */
export interface CdmVariables {
  attribute: string
  value: string
}

const placesWords = {
  en: 'see whether the data are series at fixed stations (TimeSeries), casts (Profile) or casts at fixed stations (TimeSeriesProfile)',
  fr: 'voyez si les données sont des séries à des stations fixes (TimeSeries), des profils (Profile) ou des profils à des stations fixes (TimeSeriesProfile)',
}

/** What the id of a role tells apart, and how owners mostly call the variable. */
const ofStations = { variable: 'station_id', en: 'station', fr: 'une station d’une autre', only: 'qu’une' }
const identifiedBy: Readonly<Record<string, typeof ofStations>> = {
  timeseries_id: ofStations,
  profile_id: { variable: 'profile_id', en: 'cast', fr: 'un profil d’un autre', only: 'qu’un' },
  trajectory_id: {
    variable: 'trajectory_id',
    en: 'trajectory',
    fr: 'une trajectoire d’une autre',
    only: 'qu’une',
  },
}

function identified(role: string): typeof ofStations {
  return identifiedBy[role] ?? ofStations
}

function withVariable(
  language: Language,
  { name, eov }: StandardNameProposal['alternatives'][number],
): string {
  return eov === null ? name : `${name} (${variableName(language, eov)})`
}

export const remedies = {
  SET_CDM_DATA_TYPE: remedy<{
    given: string
    suggested: string | null
    /** Attribute and value that the type needs beside it. */
    variables: CdmVariables | null
    /** A second one. */
    further?: CdmVariables | null
  }>({
    group: { en: 'set cdm_data_type', fr: 'définir cdm_data_type' },
    said: {
      en: ({ given, suggested }) =>
        isMovingType(given)
          ? `Nothing is to be changed where the data are of a platform that moves, or samples: this harvester indexes ${given} where the people who run it ask for it (moving_platforms). Else ${placesWords.en}.`
          : suggested === null
            ? `Nothing can be proposed for the type ${given === '' ? 'that is missing' : `"${given}"`}: ${placesWords.en}. If they are none of these, they are not indexed.`
            : `Write ${suggested} instead of ${given === '' ? 'nothing' : `"${given}"`}: the type is read letter by letter.`,
      fr: ({ given, suggested }) =>
        isMovingType(given)
          ? `Rien n’est à modifier si les données sont celles d’une plateforme mobile, ou des échantillons : ce moissonneur indexe ${given} si ses responsables le demandent (moving_platforms). Sinon, ${placesWords.fr}.`
          : suggested === null
            ? `Rien ne peut être proposé pour le type ${given === '' ? 'absent' : `« ${given} »`} : ${placesWords.fr}. Sinon, elles ne sont pas indexées.`
            : `Écrivez ${suggested} au lieu de ${given === '' ? 'rien' : `« ${given} »`} : le type est lu lettre par lettre.`,
    },
    change: ({ suggested, variables, further }) =>
      suggested === null
        ? null
        : globalAttributes([
            att('cdm_data_type', suggested),
            ...[variables, further].flatMap((one) => (one ? [att(one.attribute, one.value)] : [])),
          ]),
    page: () => `${manual}#cdm_data_type`,
  }),
  ALLOW_INGEST: remedy<Record<never, never>>({
    group: { en: 'allow the harvest', fr: 'permettre le moissonnage' },
    said: {
      en: () => 'Set cde_ingest to true, if the dataset may be indexed after all.',
      fr: () => 'Mettez cde_ingest à true, si le jeu de données peut être indexé après tout.',
    },
    change: () => globalAttributes([att('cde_ingest', 'true')]),
    page: () => `${manual}#global-attributes`,
  }),
  NAME_VARIABLES: remedy<{
    missing: readonly {
      name: string
      /** The variable that looks like it; null where none does. */
      from: string | null
      alternatives: readonly string[]
      /** A value that the metadata give for the whole dataset. */
      fixed: string | null
    }[]
  }>({
    group: { en: 'name time, latitude and longitude', fr: 'nommer time, latitude et longitude' },
    said: {
      en: ({ missing }) =>
        missing
          .map(({ name, from, alternatives, fixed }) =>
            from !== null
              ? `${from} looks like ${name}: give it that destinationName${alternatives.length > 0 ? ` (or ${alternatives.join(', ')})` : ''}.`
              : fixed !== null
                ? `The metadata say that ${name} is ${fixed} everywhere: add it as a fixed value.`
                : `No variable looks like ${name}: name the one that is, or add a fixed value.`,
          )
          .join(' '),
      fr: ({ missing }) =>
        missing
          .map(({ name, from, alternatives, fixed }) =>
            from !== null
              ? `${from} ressemble à ${name} : donnez-lui ce destinationName${alternatives.length > 0 ? ` (ou à ${alternatives.join(', ')})` : ''}.`
              : fixed !== null
                ? `Selon les métadonnées, ${name} vaut ${fixed} partout : ajoutez-la comme valeur fixe.`
                : `Aucune variable ne ressemble à ${name} : nommez celle qui l’est, ou ajoutez une valeur fixe.`,
          )
          .join(' '),
    },
    change: ({ missing }) => {
      const pieces = missing.flatMap(({ name, from, fixed }) =>
        from !== null
          ? [
              block('dataVariable', [
                `<!-- destinationName: ${from} → ${name} -->`,
                element('destinationName', name),
              ]),
            ]
          : name !== 'time'
            ? [fixedVariable(name, fixed ?? '…')]
            : [],
      )
      return pieces.length === 0 ? null : pieces.join('\n')
    },
    page: ({ missing }) =>
      missing.some(({ from }) => from === null)
        ? `${manual}#fixed-value-sourcenames`
        : `${manual}#destinationname`,
  }),
  ADD_STANDARD_NAMES: remedy<{ proposals: readonly StandardNameProposal[] }>({
    group: { en: 'add standard names', fr: 'ajouter des noms standard' },
    said: {
      en: ({ proposals }) =>
        proposals.length === 0
          ? 'No variable looks like an ocean variable. Give those that are measured in the ocean their CF standard_name; names of coordinates, instruments and the atmosphere do not count.'
          : proposals
              .map(
                ({ variable: name, given, suggested, eov, alternatives }) =>
                  `${name}${given === '' ? '' : ` ("${given}")`} is most likely ${suggested}${eov === null ? '' : `, which counts for ${variableName('en', eov)}`}${alternatives.length === 0 ? '' : `; else ${alternatives.map((other) => withVariable('en', other)).join(', ')}`}.`,
              )
              .join(' '),
      fr: ({ proposals }) =>
        proposals.length === 0
          ? 'Aucune variable ne ressemble à une variable océanique. Donnez à celles mesurées dans l’océan leur standard_name CF; les noms de coordonnées, d’instruments et d’atmosphère ne comptent pas.'
          : proposals
              .map(
                ({ variable: name, given, suggested, eov, alternatives }) =>
                  `${name}${given === '' ? '' : ` (« ${given} »)`} est sans doute ${suggested}${eov === null ? '' : `, qui compte pour ${variableName('fr', eov)}`}${alternatives.length === 0 ? '' : `; sinon ${alternatives.map((other) => withVariable('fr', other)).join(', ')}`}.`,
              )
              .join(' '),
    },
    change: ({ proposals }) =>
      proposals.length === 0
        ? null
        : proposals
            .map(({ variable: name, suggested }) => variable(name, [att('standard_name', suggested)]))
            .join('\n'),
    page: () => `${manual}#standard_name`,
  }),
  ADD_CF_ROLE: remedy<{
    role: string
    /** The variable that looks like it; null where none does. */
    from: string | null
    alternatives: readonly string[]
    /** The global attribute that ERDDAP wants beside the role. */
    variables: CdmVariables | null
  }>({
    group: { en: 'add a cf_role', fr: 'ajouter un cf_role' },
    said: {
      en: ({ role, from, alternatives, variables }) =>
        from === null
          ? `No variable looks like an id: give cf_role ${role} to the one whose value tells one ${identified(role).en} from another; a fixed value may serve where there is only one.`
          : `${from} looks like the id${alternatives.length > 0 ? ` (else ${alternatives.join(', ')})` : ''}: give it cf_role ${role}${variables ? `, and name it in ${variables.attribute}, which ERDDAP wants beside it` : ''}.`,
      fr: ({ role, from, alternatives, variables }) =>
        from === null
          ? `Aucune variable ne ressemble à un identifiant : donnez le cf_role ${role} à celle dont la valeur distingue ${identified(role).fr}; une valeur fixe peut servir s’il n’y en a ${identified(role).only}.`
          : `${from} ressemble à l’identifiant${alternatives.length > 0 ? ` (sinon ${alternatives.join(', ')})` : ''} : donnez-lui le cf_role ${role}${variables ? `, et nommez-la dans ${variables.attribute}, qu’ERDDAP exige avec lui` : ''}.`,
    },
    change: ({ role, from, variables }) =>
      [
        ...(variables && from !== null
          ? [globalAttributes([att(variables.attribute, variables.value)])]
          : []),
        from === null
          ? fixedVariable(identified(role).variable, '"…"', 'String', [att('cf_role', role)])
          : variable(from, [att('cf_role', role)]),
      ].join('\n'),
    page: () => `${manual}#cdm_data_type`,
  }),
  KEEP_ONE_VERTICAL: remedy<{ keep: string; rename: string }>({
    group: { en: 'keep depth or altitude', fr: 'garder depth ou altitude' },
    said: {
      en: ({ keep, rename }) => `Keep ${keep}, and give ${rename} another destinationName, or remove it.`,
      fr: ({ keep, rename }) =>
        `Gardez ${keep}, et donnez à ${rename} un autre destinationName, ou retirez-la.`,
    },
    change: ({ rename }) =>
      block('dataVariable', [
        `<!-- destinationName: ${rename} → ${rename}_of_sensor -->`,
        element('destinationName', `${rename}_of_sensor`),
      ]),
    page: () => `${manual}#destinationname`,
  }),
  ASK_FOR_LESS: remedy<{ subset: readonly string[] }>({
    group: { en: 'make answers smaller', fr: 'réduire les réponses' },
    said: {
      en: () =>
        'Name the variables that have few distinct values in subsetVariables, so that the server answers about positions from a small table, and give actual_range and time_coverage_resolution.',
      fr: () =>
        'Nommez dans subsetVariables les variables qui ont peu de valeurs distinctes, pour que le serveur réponde sur les positions à partir d’un petit tableau, et donnez actual_range et time_coverage_resolution.',
    },
    change: ({ subset }) =>
      subset.length === 0 ? null : globalAttributes([att('subsetVariables', subset.join(', '))]),
    page: () => `${manual}#subsetvariables`,
  }),
  REMOVE_CF_ROLE: remedy<{ role: string; keep: string; remove: readonly string[] }>({
    group: { en: 'leave a cf_role on one variable', fr: 'laisser un cf_role à une seule variable' },
    said: {
      en: ({ role, keep, remove }) => `If ${keep} is the id, take cf_role ${role} from ${remove.join(', ')}.`,
      fr: ({ role, keep, remove }) =>
        `Si ${keep} est l’identifiant, retirez le cf_role ${role} de ${remove.join(', ')}.`,
    },
    change: ({ remove }) => remove.map((name) => variable(name, [att('cf_role', 'null')])).join('\n'),
    page: () => `${manual}#variable-addattributes`,
  }),
  SET_PLATFORM: remedy<{ given: string; suggested: string | null; vocabulary: string }>({
    group: { en: 'name the platform', fr: 'nommer la plateforme' },
    said: {
      en: ({ given, suggested }) =>
        suggested === null
          ? `No label is near to "${given}": choose one of the NERC L06 vocabulary.`
          : `Write "${suggested}" for "${given}", and name the vocabulary.`,
      fr: ({ given, suggested }) =>
        suggested === null
          ? `Aucun libellé ne ressemble à « ${given} » : choisissez-en un dans le vocabulaire NERC L06.`
          : `Écrivez « ${suggested} » pour « ${given} », et nommez le vocabulaire.`,
    },
    change: ({ suggested, vocabulary }) =>
      suggested === null
        ? null
        : globalAttributes([att('platform', suggested), att('platform_vocabulary', vocabulary)]),
    page: () => 'https://vocab.nerc.ac.uk/collection/L06/current/',
  }),
  SET_TITLE: remedy<Record<never, never>>({
    group: { en: 'give a title', fr: 'donner un titre' },
    said: {
      en: () => 'Give the dataset a title of its own.',
      fr: () => 'Donnez au jeu de données un titre à lui.',
    },
    change: () => globalAttributes([att('title', '…')]),
    page: () => `${manual}#global-attributes`,
  }),
  ...movingRemedies,
} satisfies Record<string, unknown>
