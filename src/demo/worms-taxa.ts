/** The demo's part of the tree of life: species of Canadian waters, with the names that people give them. */

export interface Taxon {
  id: number
  name: string
  rank: string
  parent: number | null
  english?: readonly string[]
  french?: readonly string[]
}

type Row = readonly [
  id: number,
  name: string,
  rank: string,
  parent: number | null,
  english?: string,
  french?: string,
]

/** Vernacular names of one language are separated by semicolons. */
const rows: readonly Row[] = [
  [2, 'Animalia', 'Kingdom', null, 'animals', 'animaux'],
  [1821, 'Chordata', 'Phylum', 2, 'chordates', 'cordés'],
  [146419, 'Vertebrata', 'Subphylum', 1821, 'vertebrates', 'vertébrés'],
  [843664, 'Actinopteri', 'Class', 146419, 'ray-finned fishes', 'poissons à nageoires rayonnées'],
  [10313, 'Gadiformes', 'Order', 843664],
  [125469, 'Gadidae', 'Family', 10313, 'cods', 'gades'],
  [125732, 'Gadus', 'Genus', 125469, 'cod', 'morues'],
  [
    126436,
    'Gadus morhua',
    'Species',
    125732,
    'Atlantic cod;cod',
    'morue de l’Atlantique;morue franche;cabillaud',
  ],
  [254538, 'Gadus macrocephalus', 'Species', 125732, 'Pacific cod;Greenland cod', 'morue du Pacifique'],
  [125733, 'Boreogadus', 'Genus', 125469],
  [126433, 'Boreogadus saida', 'Species', 125733, 'Arctic cod;polar cod', 'saïda franc;morue polaire'],
  [125742, 'Melanogrammus', 'Genus', 125469],
  [126437, 'Melanogrammus aeglefinus', 'Species', 125742, 'haddock', 'aiglefin;églefin'],
  [10331, 'Perciformes', 'Order', 843664],
  [126175, 'Sebastes', 'Genus', 10331, 'redfishes;rockfishes', 'sébastes'],
  [127254, 'Sebastes mentella', 'Species', 126175, 'deepwater redfish;beaked redfish', 'sébaste atlantique'],
  [126759, 'Anarhichas lupus', 'Species', 10331, 'Atlantic wolffish', 'loup atlantique'],
  [10328, 'Pleuronectiformes', 'Order', 843664, 'flatfishes', 'poissons plats'],
  [127138, 'Hippoglossus hippoglossus', 'Species', 10328, 'Atlantic halibut', 'flétan de l’Atlantique'],
  [274291, 'Hippoglossus stenolepis', 'Species', 10328, 'Pacific halibut', 'flétan du Pacifique'],
  [
    127144,
    'Reinhardtius hippoglossoides',
    'Species',
    10328,
    'Greenland halibut;turbot',
    'flétan du Groenland;turbot',
  ],
  [126417, 'Clupea harengus', 'Species', 843664, 'Atlantic herring', 'hareng atlantique;hareng'],
  [293567, 'Clupea pallasii', 'Species', 843664, 'Pacific herring', 'hareng du Pacifique'],
  [126735, 'Mallotus villosus', 'Species', 843664, 'capelin', 'capelan'],
  [126126, 'Salmonidae', 'Family', 843664, 'salmonids', 'salmonidés'],
  [127186, 'Salmo salar', 'Species', 126126, 'Atlantic salmon', 'saumon atlantique'],
  [127185, 'Oncorhynchus nerka', 'Species', 126126, 'sockeye salmon', 'saumon rouge'],
  [158075, 'Oncorhynchus tshawytscha', 'Species', 126126, 'chinook salmon', 'saumon quinnat'],
  [127023, 'Scomber scombrus', 'Species', 10331, 'Atlantic mackerel', 'maquereau bleu'],
  [
    105919,
    'Somniosus microcephalus',
    'Species',
    146419,
    'Greenland shark',
    'requin du Groenland;laimargue atlantique',
  ],
  [105838, 'Carcharodon carcharias', 'Species', 146419, 'great white shark', 'grand requin blanc'],
  [105799, 'Lamna nasus', 'Species', 146419, 'porbeagle', 'maraîche'],
  [137209, 'Dermochelys coriacea', 'Species', 146419, 'leatherback sea turtle', 'tortue luth'],
  [1837, 'Mammalia', 'Class', 146419, 'mammals', 'mammifères'],
  [2688, 'Cetacea', 'Infraorder', 1837, 'whales;cetaceans', 'cétacés;baleines'],
  [148724, 'Mysticeti', 'Superfamily', 2688, 'baleen whales', 'baleines à fanons'],
  [137090, 'Balaenoptera musculus', 'Species', 148724, 'blue whale', 'rorqual bleu;baleine bleue'],
  [137091, 'Balaenoptera physalus', 'Species', 148724, 'fin whale', 'rorqual commun'],
  [137087, 'Balaenoptera acutorostrata', 'Species', 148724, 'minke whale', 'petit rorqual'],
  [137092, 'Megaptera novaeangliae', 'Species', 148724, 'humpback whale', 'rorqual à bosse;baleine à bosse'],
  [
    159023,
    'Eubalaena glacialis',
    'Species',
    148724,
    'North Atlantic right whale',
    'baleine noire de l’Atlantique Nord',
  ],
  [137086, 'Balaena mysticetus', 'Species', 148724, 'bowhead whale', 'baleine boréale'],
  [148723, 'Odontoceti', 'Superfamily', 2688, 'toothed whales', 'cétacés à dents'],
  [137115, 'Delphinapterus leucas', 'Species', 148723, 'beluga;white whale', 'béluga'],
  [137116, 'Monodon monoceros', 'Species', 148723, 'narwhal', 'narval'],
  [137102, 'Orcinus orca', 'Species', 148723, 'killer whale;orca', 'épaulard;orque'],
  [137117, 'Phocoena phocoena', 'Species', 148723, 'harbour porpoise', 'marsouin commun'],
  [148736, 'Pinnipedia', 'Infraorder', 1837, 'seals', 'phoques'],
  [137080, 'Halichoerus grypus', 'Species', 148736, 'grey seal', 'phoque gris'],
  [137084, 'Phoca vitulina', 'Species', 148736, 'harbour seal', 'phoque commun'],
  [159019, 'Pagophilus groenlandicus', 'Species', 148736, 'harp seal', 'phoque du Groenland'],
  [137077, 'Odobenus rosmarus', 'Species', 148736, 'walrus', 'morse'],
  [1836, 'Aves', 'Class', 146419, 'birds', 'oiseaux'],
  [137131, 'Fratercula arctica', 'Species', 1836, 'Atlantic puffin', 'macareux moine'],
  [148776, 'Morus bassanus', 'Species', 1836, 'northern gannet', 'fou de Bassan'],
  [1065, 'Arthropoda', 'Phylum', 2, 'arthropods', 'arthropodes'],
  [1130, 'Decapoda', 'Order', 1065, 'decapods', 'décapodes'],
  [156134, 'Homarus americanus', 'Species', 1130, 'American lobster', 'homard d’Amérique'],
  [107315, 'Chionoecetes opilio', 'Species', 1130, 'snow crab', 'crabe des neiges'],
  [107649, 'Pandalus borealis', 'Species', 1130, 'northern shrimp', 'crevette nordique'],
  [107322, 'Hyas araneus', 'Species', 1130, 'toad crab', 'crabe lyre'],
  [1080, 'Copepoda', 'Class', 1065, 'copepods', 'copépodes'],
  [104464, 'Calanus finmarchicus', 'Species', 1080],
  [104465, 'Calanus glacialis', 'Species', 1080],
  [104467, 'Calanus hyperboreus', 'Species', 1080],
  [51, 'Mollusca', 'Phylum', 2, 'molluscs', 'mollusques'],
  [156972, 'Placopecten magellanicus', 'Species', 51, 'sea scallop', 'pétoncle géant'],
  [140480, 'Mytilus edulis', 'Species', 51, 'blue mussel', 'moule bleue'],
  [1806, 'Echinodermata', 'Phylum', 2, 'echinoderms', 'échinodermes'],
  [124321, 'Strongylocentrotus droebachiensis', 'Species', 1806, 'green sea urchin', 'oursin vert'],
  [123776, 'Asterias rubens', 'Species', 1806, 'common starfish', 'étoile de mer commune'],
  [3, 'Plantae', 'Kingdom', null, 'plants', 'plantes'],
  [145795, 'Zostera marina', 'Species', 3, 'eelgrass', 'zostère marine'],
  [145724, 'Laminaria digitata', 'Species', 3, 'oarweed', 'laminaire digitée'],
  [145541, 'Ascophyllum nodosum', 'Species', 3, 'knotted wrack', 'ascophylle noueuse'],
]

const split = (text: string | undefined) => (text === undefined ? [] : text.split(';'))

export const demoTaxa: readonly Taxon[] = rows.map(([id, name, rank, parent, english, french]) => ({
  id,
  name,
  rank,
  parent,
  english: split(english),
  french: split(french),
}))

/** Names that are no longer accepted, with the id of their own and that of the accepted taxon. */
export const demoSynonyms: readonly { id: number; name: string; accepted: number }[] = [
  { id: 254573, name: 'Gadus callarias', accepted: 126436 },
  { id: 383589, name: 'Theragra chalcogramma', accepted: 125732 },
  { id: 137079, name: 'Phoca groenlandica', accepted: 159019 },
]

/** A name that was written so in the field and means nothing to the register. */
export const demoUnknownName = 'Piscis ignotus'
