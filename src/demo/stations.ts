/** Plausible places around Canada's three coasts. Positions are rounded; nothing here is an observation. */

export interface Station {
  id: string
  name: string
  latitude: number
  longitude: number
}

function stations(
  rows: readonly [id: string, name: string, latitude: number, longitude: number][],
): Station[] {
  return rows.map(([id, name, latitude, longitude]) => ({ id, name, latitude, longitude }))
}

export const pacificBuoys = stations([
  ['C46131', 'Sentry Shoal', 49.92, -125.0],
  ['C46146', 'Halibut Bank', 49.34, -123.73],
  ['C46206', 'La Perouse Bank', 48.84, -126.0],
  ['C46207', 'East Dellwood', 50.88, -129.92],
  ['C46204', 'West Sea Otter', 51.37, -128.75],
  ['C46147', 'South Moresby', 51.83, -131.23],
  ['C46145', 'Central Dixon Entrance', 54.37, -132.42],
  ['C46181', 'Nanakwa Shoal', 53.83, -128.84],
])

export const pacificCoast = stations([
  ['QU39', 'Quadra Island', 50.11, -125.22],
  ['KC10', 'Kwakshua Channel', 51.65, -127.96],
  ['RVRS1', 'Rivers Inlet', 51.6, -127.5],
  ['FZH01', 'Fitz Hugh Sound', 51.9, -127.9],
  ['BYNS', 'Baynes Sound', 49.48, -124.77],
])

export const pacificTideGauges = stations([
  ['9354', 'Prince Rupert', 54.31, -130.33],
  ['8615', 'Tofino', 49.15, -125.91],
  ['7120', 'Victoria', 48.42, -123.37],
  ['7735', 'Vancouver', 49.29, -123.11],
])

export const lineP = stations([
  ['P04', 'Line P, station 4', 48.65, -126.67],
  ['P12', 'Line P, station 12', 48.97, -130.67],
  ['P16', 'Line P, station 16', 49.28, -134.67],
  ['P20', 'Line P, station 20', 49.57, -138.67],
  ['P26', 'Line P, station 26 (Papa)', 50.0, -145.0],
])

export const gulfBuoys = stations([
  ['IML-4', 'Rimouski', 48.67, -68.58],
  ['IML-6', 'Vallée de Shédiac', 47.78, -64.03],
  ['IML-10', 'Courant de Gaspé', 49.24, -66.2],
  ['IML-7', 'Banc de l’Orphelin', 48.1, -63.3],
  ['IML-14', 'Île-d’Orléans', 46.9, -70.95],
  ['IML-12', 'Baie de Sept-Îles', 50.17, -66.42],
])

export const gulfThermographs = stations([
  ['Havre-Saint-Pierre, quai "Est"', 'Havre-Saint-Pierre', 50.23, -63.6],
  ['Île Shag', 'Îles-de-la-Madeleine', 47.38, -61.77],
  ['Rivière-au-Renard', 'Gaspé', 48.99, -64.38],
  ['Anse à Beaufils & Percé', 'Percé', 48.47, -64.3],
])

export const atlanticStations = stations([
  ['HFXBB', 'Bedford Basin', 44.69, -63.64],
  ['HL2', 'Halifax Line, station 2', 44.27, -63.32],
  ['P5', 'Prince 5, Bay of Fundy', 44.93, -66.85],
  ['S27', 'Station 27, off St. John’s', 47.55, -52.59],
])

export const newfoundlandBuoys = stations([
  ['SA-PB', 'Placentia Bay, mouth', 46.98, -54.1],
  ['SA-SJ', 'St. John’s, harbour approach', 47.56, -52.62],
  ['SA-BI', 'Bay of Islands', 49.12, -58.14],
  ['SA-HC', 'Halifax, Herring Cove', 44.55, -63.53],
  ['SA-FB', 'Fortune Bay', 47.2, -55.2],
])

export const arcticMoorings = stations([
  ['BS-A1', 'Beaufort Sea, slope', 70.76, -136.0],
  ['BARROW-S', 'Barrow Strait, south', 74.2, -91.0],
  ['BARROW-N', 'Barrow Strait, north', 74.55, -90.4],
  ['DAVIS-3', 'Davis Strait', 66.7, -60.1],
  ['NARES', 'Nares Strait', 80.5, -68.7],
])

export const arcticCommunities = stations([
  ['CAMBAY', 'Cambridge Bay', 69.11, -105.06],
  ['GJOA', 'Gjoa Haven', 68.63, -95.88],
  ['RESO', 'Resolute', 74.68, -94.87],
  ['IQAL', 'Iqaluit', 63.72, -68.5],
  ['POND', 'Pond Inlet', 72.7, -77.97],
  ['CHUR', 'Churchill', 58.79, -94.2],
  ['NAIN', 'Nain', 56.55, -61.68],
])
