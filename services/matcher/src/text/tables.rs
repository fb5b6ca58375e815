//! Tables of the tokeniser. Written by `python -m tools.wordbreak.native` out of the Python core's; do not edit.

/// Runs of code points from U+0000 on: the letter of a word-break class (`presswatch/core/_wordbreak.py` tells
/// what they mean) and the length of the run.
pub const CLASSES: &str = "\
    o34Q1k1o3S1o2k1o1M1o1B1o1N10L1M1o5A26o4E1o1A26o46P1A1o2x1P1o6A1o1L1o2A1o5A23o1A31o1A480o6A7o7A20x112A5o1A2o2A4M1\
    A1o6A1L1A3o1A1o1A20o1A83o1A139o1x7A166o1A38o2A1o1A2o1A1o1A41M1o7x45o1x1o1x2o1x2o1x1o8H27o4H4A1L1o11x6o6M2o2x11o1\
    x1o3A43x21N10o1N1M1o1A2x1A99o1A1x8o1x6A2x2o1x4A2N10A3o2A1o15x1A1x1A30x27o2A89x11A1o14N10A33x9A2o2M1o1A1o2x1o2A22\
    x4A1x9A1x3A1x5o18A25x3o4A11o5A24o1A6o1N2o6x8A42x58A54x3A1x18A1x7A10x2o2N10o1A16x3o1A8o2A2o2A22o1A7o1A1o3A4o2x1A1\
    x7o2x2o2x3A1o8x1o4A2o1A3x2o2N10A2o10A1o1x1o2x3o1A6o4A2o2A22o1A7o1A2o1A2o1A2o2x1o1x5o4x2o2x3o3x1o7A4o1A1o7N10x2A3\
    x1o11x3o1A9o1A3o1A22o1A7o1A2o1A5o2x1A1x8o1x3o1x3o2A1o15A2x2o2N10o9A1x6o1x3o1A8o2A2o2A22o1A7o1A2o1A5o2x1A1x7o2x2o\
    2x3o7x3o4A2o1A3x2o2N10o1A1o16x1A1o1A6o3A3o1A4o3A2o1A1o1A2o3A2o3A3o3A12o4x5o3x3o1x4o2A1o6x1o14N10o16x5A8o1A3o1A23\
    o1A16o2x1A1x7o1x3o1x4o7x2o1A3o2A1o2A2x2o2N10o16A1x3o1A8o1A3o1A23o1A10o1A5o2x1A1x7o1x3o1x4o7x2o6A2o1A2x2o2N10o1A2\
    o13x4A9o1A3o1A41x2A1x7o1x3o1x4A1o5A3x1o7A3x2o2N10o10A6o1x3o1A18o3A24o1A9o1A1o2A7o3x1o4x6o1x1o1x8o6N10o2x2o13T48y\
    1T1Y1y7o5T7y8o1N10o39T2o1T1o1T5o1T24o1T1o1T10y1T1Y1y9T1o2T5o1T1o1y6o2N10o2T4o32A1o23x2o6N10o11x1o1x1o1x1o4x2A8o1\
    A36o4x20o1x2A5x11o1x36o9x1o57T43i2y11i1y6T1N10o6T6y4T4y3T1i3T2i7T3y4T13y1i1y3i6y1T1i1N10i3y1T2A38o1A1o5A1o2A43o1\
    A333o1A4o2A7o1A1o1A4o2A41o1A4o2A33o1A4o2A7o1A1o1A4o2A15o1A57o1A4o2A67o2x3o32A16o16A86o2A6o3A620o2A17o1A26o5A75o3\
    A11o7A18x4o9A19x3o11A18x2o12A13o1A3o1x2o12T52y32o3T1o4T1y1o2N10o33x5N10o6A89o7A5x2A34x1A1o5A70o10A31o1x12o4x12o1\
    0N10T30o2T5o11T44o4T26o6N10T1o3T2o32A23x5o4T53y10o1y1i1y1i2y24o2x1N10o6N10o6T14o2x31o49x5A47x17A8o3N10o17x9o12x3\
    A30x13A2N10A44x14o12A36x20o8N10o3A3N10A36o2A9o7A43o2A3o16x3o1x21A4x1A6x1A2x3A1o5A192x64A278o2A6o2A38o2A6o2A8o1A1\
    o1A1o1A1o1A31o2A53o1A7o1A1o3A3o1A7o3A4o2A6o4A13o5A3o1A7o15x1z1x2o8B2o10B1o2L1o2x5E1o12P1o2E2o3M1o4P1o10E1o11x5o1\
    x10o1A1o13A1o16A13o51x19c1x13o17A1o4A1o2A10o1A1o3A5o4P1o1A1o1A1o1A1o1A4o1A10I1o2A4o5A5o4A1o17A41o11P6o15P2o367P2\
    o12P1o95P1o70P1o25P11o4P3o187A12I1A39o192P2o10P1o9P1o58P4o1P6o1P12o1P114o10P118o2P11o1P1o1P1o6P1o3P1o6P1o10P2o15\
    P1o2P1o4P1o1P1o4P3o1P1o11P5o45P3o9P1o14P1o14P1o372P2o463P3o19P2o51P1o4P1o170A229o6A4x3A2o12A38o1A1o5A1o2A56o7A1o\
    15x1A23o9A7o1A7o1A7o1A7o1A7o1A7o1A7o1A7o1x32o47A1o80J26o1J89o12J214o47J1o1J1o25J9x6P1K5o2J4A1P1o3J86o2x2K2J3K91o\
    1K4o5A43o1A94o17A32o48K16o151P1o1P1o54K47o1K88o168J6592o64J20992A1165o67A46o2A269o3A16N10A2o20A47x4o1x10o1A31x2A\
    80x2o37A180o5A2o1A1o1A5o24A16x1A3x1A4x1A23x5o4x1o19A52o12x2A50x18o10N10o6x18A6o3A1o1A2x1N10A28x8o2A23x13o12A29o3\
    x4A47x14o14A1N10o6T5y1T10N10T5o1A41x14o9A3x1A8x2o2N10o6T27i1y1i1T50y1T1y3T2y2T5y2T1y1T1o24T5A11x5o2A3x2o10A6o2A6\
    o2A6o9A7o1A7o1A58o6A115x8o1x2o2N10o6A11172o12A23o4A49o8452J366o2J106o38A7o12A5o5H1x1H10o1H13o1H5o1H1o1H2o1H2o1H1\
    0A98o33A363o18A64o2A54o40A12o4x14v1w1M1o2L1M1o11x16o3E2o24E3M1o1B1o1M1L1o26A5o1A135o2x1o7B1o4M1o1B1o1N10L1M1o5A2\
    6o4E1o1A26o11K56x2A31o3A6o2A6o2A6o2A3o28x3o4A12o1A26o1A19o1A2o1A15o2A14o34A123o69A53o136x1o130A29o3A49o15x1o31A3\
    2o13A30o5A38x5o5A30o2A36o4A8o1A5o42A158o2N10o6A36o4A36o4A40o8A52o12A11o1A15o1A7o1A2o1A11o1A15o1A7o1A2o67A311o9A2\
    2o10A8o24A6o1A42o1A9o69A6o2A1o1A44o1A2o3A1o2A23o10A23o9A31o65A19o1A2o10A22o10A26o70A56o6A2o64A1x3o1x2o5x4A4o1A3o\
    1A29o2x3o4x1o32A29o3A29o35A8o1A28x2o25A54o10A22o10A19o13A18o110A73o55A51o13A51o13A36x4o8N10o326A42o1x2o3A2o78A29\
    o10A1o8A22x11o31A18x4o42A21o27A23o9x3A53x15o31N10x1A2x2A1o9x4A45x11o2x1o4x1o10x1o2A25o7N10o6x3A36x14o1N10o4A1x2A\
    1o8A35x1o2A1o9x3A48x14A4o4x4o1x2N10A1o1A1o35A18o1A25x12o6x1o65A7o1A1o1A4o1A15o1A10o7A47x12o5N10o6x4o1A8o2A2o2A22\
    o1A7o1A2o1A5o1x2A1x7o2x2o2x3o2A1o6x1o5A5x2o2x7o3x5o139A53x18A4o5N10o4x1A3o30A48x20A2o1A1o8N10o166A47x7o2x9o23A4x\
    2o34A48x17o3A1o11N10o38A43x13A1o7N10o54T27o2y3i2y10o4N10T2o3T8o185A44x15o101A64N10o21A8o2A1o2A8o1A2o1A24x6o1x2o2\
    x4A1x1A1x2o12N10o70A8o2A39x7o2x7A1o1A1x1o27A1x10A40x7A1x4o8x1o8A1x11A46x16o3A1o18A73o263A9o1A37x8o1x8A1o15N10o24\
    A30o2x22o1x14o73A7o1A2o1A38x6o3x1o1x2o1x7A1x1o8N10o6A6o1A2o1A32x5o1x2o1x5A1o7N10o310A19x4o185A1o79A922o102A111o1\
    7A196o2636A97o15A1071o1x9o4039A583o8633A569o7A31o1N10o6A79o1N10o6A30o2x5o11A48x7o9A4o12N10o9A21o5A19o688A64o128A\
    75o4x1A1x55o7x4A13o64A2o1J1x1o11x2o16382K4o1K7o1K2o1K1J287K3o45J3o17K4o2712A107o5A13o3A9o7A10o3x2o1x4o4700x46o2x\
    23o542x5o3x22o2x7o30x4o148x3o443A85o1A71o1A2o2A1o2A2o2A4o1A12o1A1o1A7o1A65o1A4o2A8o1A7o1A28o1A4o1A5o1A1o3A7o1A34\
    0o2A25o1A25o1A31o1A25o1A31o1A25o1A31o1A25o1A31o1A25o1A8o2N50o512x55o4x50o8x1o14x1o22x5o1x15o1104A31o225x7o1x17o2\
    x7o1x2o1x5o213A45o3x7A7o2N10o4A1o321A30x1o17A44x4N10o1254A7o1A4o1A2o1A15o1A197o11x7o41A68x7A1o4N10o1190A4o1A27o1\
    A2o1A1o2A1o1A10o1A4o1A1o1A1o6A1o4A1o1A1o1A1o1A3o1A2o1A1o2A1o1A1o1A1o1A1o1A1o1A2o1A1o2A4o1A7o1A4o1A4o1A1o1A10o1A1\
    7o5A3o1A5o1A17o324P256o13P3o31P1A26o6A26o2P4I2A12I2A10o4P1o2P10o18P57R26J1P15o10P1o20P1o2P9o1P4o9P434p5P318o8P26\
    6o48P128o116P12o85P43o12P4o56P8o10P6o40P8o30P82o12P47o1P10o1P1719o2J42720o32J4153o7J222o2J5762o14J7473o3103J542o\
    1506J4939o715958x1o30t95u1o128x240o196112\
    ";

/// Characters that folding drops.
#[rustfmt::skip]
pub const DROPPED: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{591}', '\u{5bd}'),
    ('\u{5bf}', '\u{5bf}'),
    ('\u{5c1}', '\u{5c2}'),
    ('\u{5c4}', '\u{5c5}'),
    ('\u{5c7}', '\u{5c7}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{640}', '\u{640}'),
    ('\u{64b}', '\u{652}'),
    ('\u{670}', '\u{670}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fff8}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// Latin and Greek letters, which lose their diacritics.
#[rustfmt::skip]
pub const BARE: &[(char, char)] = &[
    ('A', 'Z'),
    ('a', 'z'),
    ('\u{c0}', '\u{d6}'),
    ('\u{d8}', '\u{f6}'),
    ('\u{f8}', '\u{2af}'),
    ('\u{370}', '\u{374}'),
    ('\u{376}', '\u{377}'),
    ('\u{37a}', '\u{37d}'),
    ('\u{37f}', '\u{37f}'),
    ('\u{386}', '\u{386}'),
    ('\u{388}', '\u{38a}'),
    ('\u{38c}', '\u{38c}'),
    ('\u{38e}', '\u{3a1}'),
    ('\u{3a3}', '\u{3e1}'),
    ('\u{3f0}', '\u{3f5}'),
    ('\u{3f7}', '\u{3ff}'),
    ('\u{1d00}', '\u{1d2a}'),
    ('\u{1d62}', '\u{1d77}'),
    ('\u{1d79}', '\u{1d9a}'),
    ('\u{1e00}', '\u{1f15}'),
    ('\u{1f18}', '\u{1f1d}'),
    ('\u{1f20}', '\u{1f45}'),
    ('\u{1f48}', '\u{1f4d}'),
    ('\u{1f50}', '\u{1f57}'),
    ('\u{1f59}', '\u{1f59}'),
    ('\u{1f5b}', '\u{1f5b}'),
    ('\u{1f5d}', '\u{1f5d}'),
    ('\u{1f5f}', '\u{1f7d}'),
    ('\u{1f80}', '\u{1fb4}'),
    ('\u{1fb6}', '\u{1fbc}'),
    ('\u{1fbe}', '\u{1fbe}'),
    ('\u{1fc2}', '\u{1fc4}'),
    ('\u{1fc6}', '\u{1fcc}'),
    ('\u{1fd0}', '\u{1fd3}'),
    ('\u{1fd6}', '\u{1fdb}'),
    ('\u{1fe0}', '\u{1fec}'),
    ('\u{1ff2}', '\u{1ff4}'),
    ('\u{1ff6}', '\u{1ffc}'),
    ('\u{2090}', '\u{209c}'),
    ('\u{2184}', '\u{2184}'),
    ('\u{2c60}', '\u{2c7c}'),
    ('\u{2c7e}', '\u{2c7f}'),
    ('\u{a722}', '\u{a76f}'),
    ('\u{a771}', '\u{a787}'),
    ('\u{a78b}', '\u{a7ca}'),
    ('\u{a7d0}', '\u{a7d1}'),
    ('\u{a7d3}', '\u{a7d3}'),
    ('\u{a7d5}', '\u{a7d9}'),
    ('\u{a7f5}', '\u{a7f7}'),
    ('\u{a7fa}', '\u{a7ff}'),
    ('\u{ab30}', '\u{ab5a}'),
    ('\u{ab60}', '\u{ab68}'),
    ('\u{fb00}', '\u{fb06}'),
    ('\u{1df00}', '\u{1df1e}'),
];

/// Letters that become others at the end of folding.
#[rustfmt::skip]
pub const LETTERS: &[(char, &str)] = &[
    ('\u{e6}', "ae"),
    ('\u{f0}', "d"),
    ('\u{f8}', "o"),
    ('\u{fe}', "th"),
    ('\u{111}', "d"),
    ('\u{127}', "h"),
    ('\u{131}', "i"),
    ('\u{142}', "l"),
    ('\u{153}', "oe"),
    ('\u{451}', "\u{435}"),
    ('\u{622}', "\u{627}"),
    ('\u{623}', "\u{627}"),
    ('\u{625}', "\u{627}"),
    ('\u{671}', "\u{627}"),
    ('\u{672}', "\u{627}"),
    ('\u{673}', "\u{627}"),
];
