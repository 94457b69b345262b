//! Where each of the 256 shards lies: shard `i`'s tag hashes to slot 64·i of a Redis Cluster, so that the shards spread evenly
//! over any number of primaries (random tags don't). The table is part of the stored format: never change it.

use crate::domain::ids::Shard;

/// The hash tag of a shard, without braces.
pub(super) fn tag(shard: Shard) -> &'static str {
    TAGS.get(usize::from(shard.0)).copied().unwrap_or(FIRST)
}

/// All shards, in order.
pub(super) fn all() -> impl Iterator<Item = Shard> {
    (0..=u8::MAX).map(Shard)
}

const FIRST: &str = "s000ahws";

/// Tags by shard; found by trying suffixes until CRC16/XMODEM mod 16384 was right.
#[rustfmt::skip]
const TAGS: [&str; 256] = [
    "s000ahws", "s001aguq", "s002agqf", "s003ahsd", "s004afii", "s005aabs", "s006aafd", "s007ev",
    "s008bfho", "s009bacu", "s010nzg", "s011xwl", "s012agsd", "s013ahqf", "s014qvi", "s015orz",
    "s016dfa", "s017ciz", "s018bldc", "s019bcfa", "s020aahn", "s021afct", "s022afgc", "s023aaly",
    "s024afmm", "s025aafw", "s026aikx", "s027bh", "s028bowr", "s029elic", "s030gnb", "s031hha",
    "s032gpw", "s033hvt", "s034ahml", "s035agon", "s036awq", "s037fxj", "s038baws", "s039bnuq",
    "s040ays", "s041fvh", "s042nwd", "s043aqg", "s044owm", "s045hxv", "s046hpb", "s047gva",
    "s048bwbw", "s049bibe", "s050bbfl", "s051qpl", "s052aort", "s053ahyn", "s054aza", "s055fuz",
    "s056ahww", "s057aguu", "s058czr", "s059dui", "s060hmv", "s061gku", "s062gca", "s063heb",
    "s064abxj", "s065aesp", "s066aewg", "s067ajue", "s068rz", "s069blio", "s070jtm", "s071ern",
    "s072acbg", "s073aukm", "s074ehr", "s075bgi", "s076aeue", "s077ajwg", "s078nsx", "s079pwk",
    "s080adbv", "s081acil", "s082akdc", "s083adfa", "s084abut", "s085amwv", "s086ii", "s087abqc",
    "s088bbtr", "s089bmvp", "s090asc", "s091bayc", "s092acoy", "s093addc", "s094gte", "s095hrf",
    "s096gjp", "s097hls", "s098blts", "s099bcvq", "s100fe", "s101bcxp", "s102bzwo", "s103buum",
    "s104bcvi", "s105bltk", "s106bdyd", "s107brpn", "s108aben", "s109aent", "s110gku", "s111hmv",
    "s112cym", "s113dvv", "s114bize", "s115bfxg", "s116mws", "s117bqp", "s118ahib", "s119aobx",
    "s120bdwn", "s121bkul", "s122bcxc", "s123bdsy", "s124bjit", "s125bekv", "s126beoa", "s127bjmc",
    "s128adzc", "s129acqy", "s130ivx", "s131nyc", "s132beah", "s133bbjr", "s134gxf", "s135qum",
    "s136bbdk", "s137beoq", "s138exu", "s139bwn", "s140bflf", "s141bind", "s142back", "s143bfhq",
    "s144ecz", "s145bla", "s146bdu", "s147ekn", "s148fqh", "s149iwk", "s150bdir", "s151bcbh",
    "s152hii", "s153goj", "s154bclq", "s155bdgk", "s156fgw", "s157ahl", "s158ajvn", "s159aetl",
    "s160ful", "s161azw", "s162arc", "s163abuc", "s164qpz", "s165oti", "s166gue", "s167hsf",
    "s168bry", "s169mtz", "s170bhhc", "s171bgja", "s172eqa", "s173jwb", "s174bfvy", "s175bxvk",
    "s176bblc", "s177begy", "s178dvm", "s179cyv", "s180ukk", "s181kox", "s182cnt", "s183dao",
    "s184kud", "s185dsg", "s186lrk", "s187cth", "s188hgv", "s189gau", "s190bqnu", "s191bong",
    "s192bhbh", "s193boir", "s194aeg", "s195ncd", "s196bnuj", "s197bawh", "s198bwu", "s199exn",
    "s200hje", "s201hh", "s202gdr", "s203hbq", "s204nmc", "s205ibx", "s206act", "s207flo",
    "s208baim", "s209bfbw", "s210fgi", "s211ahr", "s212aqpv", "s213aopd", "s214hiw", "s215got",
    "s216agwe", "s217ahug", "s218jid", "s219eog", "s220iwx", "s221nxc", "s222fyo", "s223avt",
    "s224amiz", "s225abkx", "s226aboo", "s227aedu", "s228bdse", "s229bkqg", "s230cvy", "s231dyb",
    "s232adzo", "s233acqu", "s234ljf", "s235cle", "s236abmm", "s237vh", "s238gql", "s239hwo",
    "s240ame", "s241nkf", "s242fjj", "s243aeq", "s244gjc", "s245qgh", "s246hdt", "s247gbw",
    "s248ejp", "s249mm", "s250aeru", "s251abyo", "s252bih", "s253efs", "s254acew", "s255adnm",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn crc16(text: &str) -> u16 {
        text.bytes().fold(0_u16, |mut crc, byte| {
            crc ^= u16::from(byte) << 8;
            for _ in 0..8 {
                crc = if crc & 0x8000 == 0 {
                    crc << 1
                } else {
                    (crc << 1) ^ 0x1021
                };
            }
            crc
        })
    }

    #[test]
    fn every_tag_lies_in_its_slot() {
        assert_eq!(crc16("123456789"), 0x31c3, "the XMODEM check value");
        for shard in all() {
            assert_eq!(
                crc16(tag(shard)) % 16384,
                64 * u16::from(shard.0),
                "{}",
                tag(shard)
            );
        }
        assert_eq!(all().count(), usize::from(crate::domain::ids::SHARDS));
    }
}
