/**
 * The description of the API in French: each text of the OpenAPI document, by its English. A text that is not here is
 * told in English, and a test says which.
 */
import type { ApiDocument } from './docs-page.ts'
import { sourceTypesIn } from './schemas.ts'

const french: Readonly<Record<string, string>> = {
  'What was harvested, what was not, and why. Reading is public; times are ISO 8601 in UTC. A slug names a source: its URL without scheme and trailing slashes, `.` and `/` as `-`, or the base64url form of the URL.':
    'Ce qui a été moissonné, ce qui ne l’a pas été, et pourquoi. La lecture est publique; les heures sont en ISO 8601, UTC. Un identifiant court nomme une source : son URL sans protocole ni barres finales, `.` et `/` remplacés par `-`, ou l’URL en base64url.',
  'What the reason is called, in the language asked for': 'Le nom du motif, dans la langue demandée',
  'Code of the remedy; null where nothing can be proposed': 'Code du remède; null s’il n’y a rien à proposer',
  'Page of ERDDAP’s documentation': 'Page de la documentation d’ERDDAP',
  'What the message is made of': 'Ce dont le message est fait',
  'What this dataset’s owner would do': 'Ce que ferait le propriétaire de ce jeu de données',
  'Piece of `datasets.xml` to add or alter': 'Partie de `datasets.xml` à ajouter ou à modifier',
  [sourceTypesIn('or')]: sourceTypesIn('ou'),
  'ISO 8601, UTC': 'ISO 8601, UTC',
  'Tracks of platforms that move, as GeoJSON, those with the most rows first':
    'Trajectoires des plateformes mobiles, en GeoJSON, celles qui ont le plus de lignes d’abord',
  'Lines are cut at the antimeridian, at gaps of more than 30 days and where they would demand more than 25 m/s. The geometry of a track of which nothing can be drawn is null. With a view, lines are as fine as it can show.':
    'Les lignes sont coupées à l’antiméridien, aux lacunes de plus de 30 jours et là où elles exigeraient plus de 25 m/s. La géométrie d’une trajectoire dont rien ne peut être tracé est null. Avec une vue, les lignes sont aussi fines qu’elle peut les montrer.',
  'There are more tracks': 'Il y a d’autres trajectoires',
  'Longitude and latitude': 'Longitude et latitude',
  'Empty where there is none': 'Vide s’il n’y en a pas',
  'Null where nobody could count': 'Null si personne n’a pu compter',
  'Greater than east across the antimeridian': 'Supérieur à `east` de part et d’autre de l’antiméridien',
  'Unchanged datasets count as success': 'Les jeux de données inchangés comptent comme réussis',
  'Of `n_success`, those found unchanged': 'Parmi `n_success`, ceux trouvés inchangés',
  'Datasets in the index, whatever the latest run did':
    'Jeux de données dans l’index, quoi qu’ait fait la dernière exécution',
  'Datasets ever met, as their latest attempt left them':
    'Jeux de données déjà rencontrés, tels que leur dernière tentative les a laissés',
  'Of `n_datasets`, those whose latest attempt was skipped':
    'Parmi `n_datasets`, ceux dont la dernière tentative a été écartée',
  'Of `n_datasets`, those whose latest attempt failed':
    'Parmi `n_datasets`, ceux dont la dernière tentative a échoué',
  'Why the newest run of the source failed as a whole; null where it did not':
    'Pourquoi la dernière exécution de la source a échoué dans son ensemble; null si elle n’a pas échoué',
  'The message as codes and values; null where only its sentence is known':
    'Le message sous forme de codes et de valeurs; null si seule sa phrase est connue',
  'The source has left the configuration': 'La source n’est plus dans la configuration',
  'Gridded datasets that the server has; they are not indexed. Null where it is not known':
    'Jeux de données en grille du serveur; ils ne sont pas indexés. Null si leur nombre est inconnu',
  'Every URL requested, in order, one a line': 'Chaque URL demandée, dans l’ordre, une par ligne',
  'Newest first': 'Du plus récent au plus ancien',
  'Whether the index has the dataset now': 'Si l’index a maintenant le jeu de données',
  'The reason first, then what else is to be said': 'Le motif d’abord, puis ce qu’il y a d’autre à dire',
  'The attempt as codes and values; null for attempts of older versions':
    'La tentative sous forme de codes et de valeurs; null pour celles des anciennes versions',
  "Sum of the datasets' durations": 'Somme des durées des jeux de données',
  '`full` or `single`': '`full` (toutes les sources) ou `single` (une seule)',
  'Of either engine': 'De l’un ou l’autre moteur',
  "The run's page of the Prefect server": 'La page de l’exécution sur le serveur Prefect',
  'Length of an edge in EPSG:3857': 'Longueur d’un côté en EPSG:3857',
  'Only the fullest hexagons are given': 'Seuls les hexagones les plus remplis sont donnés',
  'Cells of OBIS: they are no profiles': 'Cellules d’OBIS : ce ne sont pas des profils',
  'Of the centre': 'Du centre',
  'Ocean variables that datasets of the index have': 'Variables océaniques des jeux de données de l’index',
  'Distinct scientific names of the index': 'Noms scientifiques distincts de l’index',
  'Names with an English common name': 'Noms qui ont un nom commun anglais',
  'URL or slug of a source; none: all': 'URL ou identifiant court d’une source; sans elle : toutes',
  'Harvest unchanged datasets too': 'Moissonner aussi les jeux de données inchangés',
  'What an organization could mend of its datasets, as CSV':
    'Ce qu’une organisation pourrait corriger dans ses jeux de données, en CSV',
  'Datasets that are not harvested, and those that are with a warning, grouped by what would mend them. `change` is the piece of `datasets.xml` that the owner would add or alter; nothing is ever applied.':
    'Les jeux de données qui ne sont pas moissonnés, et ceux qui le sont avec un avertissement, groupés par remède. `change` est la partie de `datasets.xml` que le propriétaire ajouterait ou modifierait; rien n’est jamais appliqué.',
  'Name of an organization': 'Nom d’une organisation',
  'Language of titles, messages and remedies': 'Langue des titres, des messages et des remèdes',
  OK: 'Réponse',
  'Not changed since the ETag that was sent': 'Inchangé depuis l’ETag envoyé',
  'A parameter is malformed': 'Un paramètre n’est pas valide',
  'No source has this slug, or no dataset is of this organization':
    'Aucune source n’a cet identifiant, ou aucun jeu de données n’est de cette organisation',
  'The database cannot be asked at the moment': 'La base de données ne répond pas en ce moment',
  'What the owner of a server could mend of its datasets, as CSV':
    'Ce que le propriétaire d’un serveur pourrait corriger dans ses jeux de données, en CSV',
  'Slug of a source, readable or base64url of its URL':
    'Identifiant court d’une source, lisible ou base64url de son URL',
  'What an organization could mend of its datasets, as an Atom feed':
    'Ce qu’une organisation pourrait corriger dans ses jeux de données, en fil Atom',
  'What the owner of a server could mend of its datasets, as an Atom feed':
    'Ce que le propriétaire d’un serveur pourrait corriger dans ses jeux de données, en fil Atom',
  'What an organization could mend of its datasets':
    'Ce qu’une organisation pourrait corriger dans ses jeux de données',
  'What the owner of a server could mend of its datasets':
    'Ce que le propriétaire d’un serveur pourrait corriger dans ses jeux de données',
  'A badge for the page of a server: how many of its datasets are harvested':
    'Un badge pour la page d’un serveur : combien de ses jeux de données sont moissonnés',
  'No source has this slug': 'Aucune source n’a cet identifiant',
  'Datasets of all sources whose id, title or reason matches, at most 100, failing first':
    'Jeux de données de toutes les sources dont l’identifiant, le titre ou le motif correspond, 100 au plus, les échecs d’abord',
  'Text to find': 'Texte à chercher',
  'Sources with the counts of their latest run, by URL':
    'Les sources et les comptes de leur dernière exécution, par URL',
  "A source's datasets and reasons as CSV": 'Les jeux de données d’une source et leurs motifs, en CSV',
  'Atom feed of datasets of a source that turned bad or well again':
    'Fil Atom des jeux de données d’une source qui ont cessé d’être moissonnés ou le sont de nouveau',
  'Datasets of a source as their latest attempt left them: errors, skipped, success, by id':
    'Les jeux de données d’une source tels que leur dernière tentative les a laissés : échecs, écartés, réussis, par identifiant',
  'Time taken by the last runs of a source, newest first':
    'Temps pris par les dernières exécutions d’une source, de la plus récente à la plus ancienne',
  'Every attempt at a dataset, newest first':
    'Chaque tentative de moissonner un jeu de données, de la plus récente à la plus ancienne',
  'No source has this slug, or no attempt was ever made at this dataset':
    'Aucune source n’a cet identifiant, ou ce jeu de données n’a jamais été tenté',
  'What the index holds of a dataset now': 'Ce que l’index contient maintenant d’un jeu de données',
  'Asks the index itself: an attempt that succeeded may not have been loaded.':
    'Interroge l’index lui-même : une tentative réussie n’a peut-être pas été chargée.',
  'Why datasets are not well, over the latest attempt of each, most frequent first':
    'Pourquoi des jeux de données ne vont pas bien, d’après la dernière tentative de chacun, du motif le plus fréquent au moins fréquent',
  'The same for one source': 'La même chose pour une source',
  'The last 20 runs, newest first': 'Les 20 dernières exécutions, de la plus récente à la plus ancienne',
  'A run and its attempts, by source, then status, then id':
    'Une exécution et ses tentatives, par source, puis par état, puis par identifiant',
  'Takes the id of a run or of its flow run. A run that waits for a worker is `queued`. All attempts are given unless `limit` says how many; `run.n_total` is their number.':
    'Accepte l’identifiant d’une exécution ou de son exécution de flux. Une exécution qui attend un exécuteur est `queued`. Toutes les tentatives sont données, à moins que `limit` n’en fixe le nombre; `run.n_total` est leur total.',
  'Only attempts that came to this': 'Seulement les tentatives de cette issue',
  'At most so many attempts; all without it': 'Au plus ce nombre de tentatives; toutes sans lui',
  'So many attempts are left out before the first': 'Ce nombre de tentatives est omis avant la première',
  'Id of a run, or of its flow run': 'Identifiant d’une exécution, ou de son exécution de flux',
  'There is no such run': 'Cette exécution n’existe pas',
  'Server-sent events of a run in progress': 'Événements envoyés par le serveur pendant une exécution',
  '`run` `{run, progress: {phase, done, total, now?}}` whenever one of them changed, `attempts` with the attempts that ended since the last event, `end` `{status}` when the run has ended; then the stream ends.':
    '`run` `{run, progress: {phase, done, total, now?}}` dès que l’un d’eux change, `attempts` avec les tentatives terminées depuis le dernier événement, `end` `{status}` quand l’exécution est terminée; le flux se termine alors.',
  'Too many are watching': 'Trop de lecteurs suivent des exécutions',
  'Hexagons with the number of profiles and datasets in them, the fullest first':
    'Hexagones avec leur nombre de profils et de jeux de données, du plus rempli au moins rempli',
  'The hexagons are those of `ST_HexagonGrid` in EPSG:3857, of edge 100 km (zoom 0) or 10 km (zoom 1), given by their centres.':
    'Les hexagones sont ceux de `ST_HexagonGrid` en EPSG:3857, de côté 100 km (zoom 0) ou 10 km (zoom 1), donnés par leur centre.',
  'Only what is in view: west,south,east,north in degrees, within ±180 and ±90; west is greater than east across the antimeridian':
    'Seulement ce qui est visible : ouest,sud,est,nord en degrés, de ±180 et de ±90 au plus; l’ouest est supérieur à l’est de part et d’autre de l’antiméridien',
  'Tracks of platforms that move': 'Trajectoires des plateformes mobiles',
  'Tracks of platforms that move, of the whole index':
    'Trajectoires des plateformes mobiles, de tout l’index',
  'Null where the index does not have it': 'Null si l’index ne l’a pas',
  'Rows of the index: profiles, casts, cells or samples':
    'Lignes de l’index : profils, mailles ou échantillons',
  'OBIS nodes with their datasets, and how many names of species have common names':
    'Nœuds d’OBIS et leurs jeux de données, et combien de noms d’espèces ont des noms communs',
  'Deployments with cron, time zone, next and last run; the next to run first':
    'Déploiements avec leur cron, leur fuseau horaire, leur prochaine et leur dernière exécution; la plus proche d’abord',
  'The engine that runs flows cannot be asked': 'Le moteur qui exécute les flux ne répond pas',
  'Version, and what this server offers': 'La version, et ce que ce serveur offre',
  'Starts a run of a source, or of all': 'Démarre une exécution d’une source, ou de toutes',
  Queued: 'Mise en attente',
  'The body is malformed': 'Le corps de la demande n’est pas valide',
  'The token is missing or wrong': 'Le jeton manque ou n’est pas valide',
  'Not enabled, or asked from another origin': 'Désactivé, ou demandé depuis une autre origine',
  'No such source': 'Cette source n’existe pas',
  'The source is being harvested already': 'La source est déjà en cours de moissonnage',
  'The body is too large': 'Le corps de la demande est trop grand',
  'Too many failed attempts': 'Trop de tentatives refusées',
  'Nothing would run it': 'Rien ne l’exécuterait',
}

/** The same document with its summaries and descriptions in French. */
export function inFrench(document: ApiDocument): ApiDocument {
  return translated(document) as ApiDocument
}

function translated(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(translated)
  if (part === null || typeof part !== 'object') return part
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => [
      key,
      (key === 'description' || key === 'summary') && typeof value === 'string'
        ? (french[value] ?? value)
        : translated(value),
    ]),
  )
}
