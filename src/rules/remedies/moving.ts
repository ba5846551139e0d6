/** Remedies for what only platforms that move have. */

import { manual, remedy } from './entry.ts'
import { att, block, element } from './xml.ts'

export const movingRemedies = {
  UPDATE_ERDDAP: remedy<{ version: string | null }>({
    group: { en: 'update ERDDAP', fr: 'mettre ERDDAP à jour' },
    said: {
      en: ({ version }) =>
        `Nothing is to be changed in datasets.xml: update ${version === null ? 'the server' : `ERDDAP ${version}`} to 2.00 or newer, which can count records by day and cell.`,
      fr: ({ version }) =>
        `Rien n’est à modifier dans datasets.xml : mettez ${version === null ? 'le serveur' : `ERDDAP ${version}`} à jour vers la version 2.00 ou une plus récente, qui sait compter les enregistrements par jour et par cellule.`,
    },
    change: () => null,
    page: () => 'https://erddap.github.io/docs/server-admin/deploy-update',
  }),
  READ_FASTER: remedy<{ trajectory: string | null }>({
    group: { en: 'let the server read faster', fr: 'accélérer la lecture du serveur' },
    said: {
      en: ({ trajectory }) =>
        `Counting reads every file of the dataset. Let the server read several at once (nThreads, among the settings of the dataset), and give it more memory; else offer ${trajectory === null ? 'each year' : `each ${trajectory}, or each year,`} as a dataset of its own.`,
      fr: ({ trajectory }) =>
        `Le comptage lit tous les fichiers du jeu de données. Laissez le serveur en lire plusieurs à la fois (nThreads, parmi les paramètres du jeu de données), et donnez-lui plus de mémoire; sinon, offrez ${trajectory === null ? 'chaque année' : `chaque ${trajectory}, ou chaque année,`} comme un jeu de données distinct.`,
    },
    change: () => element('nThreads', '4'),
    page: () => `${manual}#nthreads`,
  }),
  SPLIT_DATASET: remedy<{ trajectory: string | null }>({
    group: { en: 'split, if finer rows are wanted', fr: 'diviser, si des lignes plus fines sont voulues' },
    said: {
      en: ({ trajectory }) =>
        `Nothing has to be changed. Where finer rows are wanted, offer ${trajectory === null ? 'each year' : `each ${trajectory}, or each year,`} as a dataset of its own, or ask the people who run this harvester for a greater limit (moving_max_rows).`,
      fr: ({ trajectory }) =>
        `Rien ne doit être modifié. Si des lignes plus fines sont voulues, offrez ${trajectory === null ? 'chaque année' : `chaque ${trajectory}, ou chaque année,`} comme un jeu de données distinct, ou demandez aux responsables de ce moissonneur une limite plus grande (moving_max_rows).`,
    },
    change: () => null,
    page: () => null,
  }),
  PLACE_RECORDS: remedy<{ columns: readonly string[] }>({
    group: { en: 'fill in positions and times', fr: 'compléter les positions et les heures' },
    said: {
      en: ({ columns }) =>
        `See which they are: ask the dataset for ${columns.join(',')} with &latitude=NaN, &longitude=NaN or &time=NaN. Fill in what is known; records that were never placed may stay as they are.`,
      fr: ({ columns }) =>
        `Voyez lesquels : demandez au jeu de données ${columns.join(',')} avec &latitude=NaN, &longitude=NaN ou &time=NaN. Complétez ce qui est connu; ceux qui n’ont jamais été situés peuvent rester tels quels.`,
    },
    change: () => null,
    page: () => null,
  }),
  FILL_TRAJECTORY_ID: remedy<{ variable: string }>({
    group: { en: 'give every trajectory its id', fr: 'donner à chaque trajectoire son identifiant' },
    said: {
      en: ({ variable }) =>
        `Fill in ${variable} where it is empty. Where each platform or deployment has files of its own, their names can serve, as shown here.`,
      fr: ({ variable }) =>
        `Remplissez ${variable} là où elle est vide. Si chaque plateforme ou déploiement a ses propres fichiers, leurs noms peuvent servir, comme montré ici.`,
    },
    change: ({ variable }) =>
      block('dataVariable', [
        element('sourceName', String.raw`***fileName,(.+)\.[^.]+,1`),
        element('destinationName', variable),
        element('dataType', 'String'),
        block('addAttributes', [att('cf_role', 'trajectory_id'), att('ioos_category', 'Identifier')]),
      ]),
    page: () => `${manual}#filename-sourcenames`,
  }),
  TELL_CASTS_APART: remedy<{ variables: readonly string[] }>({
    group: { en: 'give each cast an id of its own', fr: 'donner à chaque profil son propre identifiant' },
    said: {
      en: ({ variables }) =>
        `A row is named by ${variables.join(' and ')}, joined by "/": see that no two of them read the same, for instance by ids without a slash.`,
      fr: ({ variables }) =>
        `Une ligne est nommée par ${variables.join(' et ')}, joints par « / » : veillez à ce que deux d’entre elles ne se lisent pas de la même façon, par exemple par des identifiants sans barre oblique.`,
    },
    change: () => null,
    page: () => `${manual}#cdm_data_type`,
  }),
}
