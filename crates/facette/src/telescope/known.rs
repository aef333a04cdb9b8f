//! The telescopes that a cost can be extrapolated to: one, one constant, one place in [`ALL`].

use super::{Averaging, Telescope};

/// The telescopes that are known, each name once.
pub const ALL: &[Telescope] = &[SKA_LOW, SKA_MID, MEERKAT, LOFAR];

const HOUR_S: f64 = 3600.0;
const SKA_MODEL: &str = "SKA SDP parametric model (ska-telescope/sdp-par-model), parameters/definitions.py: \
                         stations and dishes, diameters, bands, 65,536 channels, dump times, averaging of DPrepD";

const SKA_LOW: Telescope = Telescope {
    name: "ska-low",
    title: "SKA-Low, 50-350 MHz, all 512 stations",
    n_antenna: 512,
    n_chan: 65_536,
    n_corr: 4,
    integration_s: 0.849_346_56,
    averaging: Averaging { n_chan: 4, n_time: 10 },
    freq_range_hz: (50e6, 350e6),
    max_baseline_m: 74_000.0,
    dish_m: 38.0,
    observed_s: HOUR_S,
    assumptions: &[
        "one beam over the whole band with all stations; several beams share the band",
        "all 65,536 channels of the design over 300 MHz",
        "the integration of the correlator, 0.849 s; the SKA's model has 0.9 s",
        "the 74 km of the construction's layout; the SKA's model and older documents have 65 km",
        "averaging by 4 channels and 10 times, as the SKA's model does for calibrated visibilities",
        "field of view and image for the center of the band, 200 MHz; it is four times wider at 50 MHz",
    ],
    sources: &[
        SKA_MODEL,
        "https://www.skao.int/en/explore/telescopes/ska-low: 512 stations, 74 km, 50-350 MHz",
        "firmware of the SKA-Low correlator (CSIRO), configuration of its corner turn 1: integrations of 0.84934656 s",
    ],
};

const SKA_MID: Telescope = Telescope {
    name: "ska-mid",
    title: "SKA-Mid, band 2 (0.95-1.76 GHz), 197 dishes with MeerKAT's",
    n_antenna: 197,
    n_chan: 65_536,
    n_corr: 4,
    integration_s: 0.14,
    averaging: Averaging { n_chan: 4, n_time: 10 },
    freq_range_hz: (0.95e9, 1.76e9),
    max_baseline_m: 150_000.0,
    dish_m: 13.5,
    observed_s: HOUR_S,
    assumptions: &[
        "all 65,536 channels of the design over band 2",
        "the shortest integration, 0.14 s, which the longest baselines need; short ones could be averaged",
        "the field of view of MeerKAT's 13.5 m dishes, as the SKA's model has it; the 133 others have 15 m",
        "averaging by 4 channels and 10 times, as the SKA's model does for calibrated visibilities",
        "one image of the whole field at full resolution; in practice the longest baselines are often tapered",
    ],
    sources: &[
        SKA_MODEL,
        "https://www.skao.int/en/explore/telescopes/ska-mid: 197 dishes of 15 m and 13.5 m, 150 km",
    ],
};

const MEERKAT: Telescope = Telescope {
    name: "meerkat",
    title: "MeerKAT, L band (856-1712 MHz), 4096 channels, 8 s",
    n_antenna: 64,
    n_chan: 4096,
    n_corr: 4,
    integration_s: 8.0,
    averaging: Averaging { n_chan: 4, n_time: 1 },
    freq_range_hz: (856e6, 1712e6),
    max_baseline_m: 7_700.0,
    dish_m: 13.5,
    observed_s: HOUR_S,
    assumptions: &[
        "all 64 dishes; the observatory guarantees 58, and 60 to 62 are typical",
        "4096 of the 1024, 4096 or 32,768 channels that the correlator offers, and the whole digitized band",
        "8 s, common for the continuum; 2 s are offered too and mean four times the data",
        "averaging by 4 channels, to 1024, common before the continuum is imaged; times are kept",
    ],
    sources: &[
        "https://skaafrica.atlassian.net/wiki/spaces/ESDKB/pages/277315585 (SARAO, MeerKAT specifications): 64 dishes \
         of 13.5 m, 7700 m, 856-1712 MHz digitized",
        "MeerKAT correlator-beamformer, JATIS 8, 011006 (2022): 1024, 4096 or 32,768 channels, up to 64 antennas",
    ],
};

const LOFAR: Telescope = Telescope {
    name: "lofar",
    title: "LOFAR, Dutch high-band stations (120-168 MHz), 244 subbands",
    n_antenna: 62,
    n_chan: 244 * 64,
    n_corr: 4,
    integration_s: 1.0,
    averaging: Averaging { n_chan: 32, n_time: 8 },
    freq_range_hz: (120e6, 168e6),
    max_baseline_m: 121_000.0,
    dish_m: 30.8,
    observed_s: HOUR_S,
    assumptions: &[
        "24 core stations with two fields each (HBA_DUAL_INNER) and 14 remote ones: 62; less are often present",
        "one pointing with all 244 subbands; surveys observe two pointings at once",
        "1 s and 64 channels per subband from the correlator; the archive often has 16 channels per subband",
        "averaging to 2 channels (97.7 kHz) per subband and 8 s, common before the Dutch array is imaged",
        "121 km for the longest Dutch baseline, commonly stated; lists of 57 fields in use reach 83 km",
        "the field of view of the inner 24 tiles, 30.8 m, which remote stations are restricted to as well",
    ],
    sources: &[
        "https://www.astron.nl/radio-observatory/astronomers/users/technical-information (ASTRON): HBA fields of \
         30.8 m, usable as stations; 244 subbands of 195.3 kHz, routinely 64 channels each",
        "http://lofar.pl/polfar: 38 Dutch stations, 24 of them in the core",
        "Shimwell et al. 2022, A&A 659, A1 (LoTSS-DR2): 120-168 MHz, planes of 97.6 kHz",
    ],
};
