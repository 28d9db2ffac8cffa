//! What a person chooses for all windows to come: `app` keeps it, `theme` follows it.

/// What a person chose for all windows, on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The language as a BCP 47 tag; none leaves it to the system, and so does one in which there are no sentences here.
    pub language: Option<String>,
    /// Light or dark.
    pub look: Look,
    /// How much letters and lines stand out.
    pub contrast: Contrast,
    /// How large everything is.
    pub scale: Scale,
    /// Whether things move.
    pub motion: Motion,
    /// How loud the other side is played.
    pub volume: Volume,
    /// One's own picture is shown as others see it, not as in a mirror.
    pub unmirrored: bool,
    /// Somebody has joined a visit here, and so has read what is protected and what is not: it is folded from then on.
    pub knows_protection: bool,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Look {
    /// As the system says; light where it does not.
    #[default]
    System,
    /// Dark letters on a bright ground.
    Light,
    /// Bright letters on a dark ground.
    Dark,
}

impl Look {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];
}

/// How much letters and lines stand out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Contrast {
    /// As the system says; usual where it does not.
    #[default]
    System,
    /// WCAG 2.2 AA.
    Usual,
    /// 7 : 1 and more.
    High,
}

impl Contrast {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::System, Self::Usual, Self::High];
}

/// Whether things move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Motion {
    /// A little, unless the system says that it should not.
    #[default]
    System,
    /// Nothing moves by itself.
    Off,
}

/// How large everything is, 80 to 300 percent in steps that can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scale(u16);

impl Default for Scale {
    fn default() -> Self {
        Self(100)
    }
}

impl Scale {
    /// What can be chosen.
    pub const STEPS: [Self; 12] = [
        Self(80),
        Self(90),
        Self(100),
        Self(110),
        Self(125),
        Self(150),
        Self(175),
        Self(200),
        Self(225),
        Self(250),
        Self(275),
        Self(300),
    ];

    /// The step that is next to so many percent.
    pub fn of_percent(percent: u16) -> Self {
        Self::STEPS.into_iter().min_by_key(|step| step.0.abs_diff(percent)).unwrap_or_default()
    }

    /// In percent.
    pub const fn percent(self) -> u16 {
        self.0
    }

    /// By which sizes are multiplied.
    pub fn factor(self) -> f32 {
        f32::from(self.0) / 100.0
    }

    /// One step larger; the largest stays.
    pub fn larger(self) -> Self {
        Self::STEPS.into_iter().find(|step| *step > self).unwrap_or(self)
    }

    /// One step smaller; the smallest stays.
    pub fn smaller(self) -> Self {
        Self::STEPS.into_iter().rev().find(|step| *step < self).unwrap_or(self)
    }
}

/// How loud the other side is played, 0 to 100 percent of what the system's own volume lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Volume(u8);

impl Default for Volume {
    fn default() -> Self {
        Self(100)
    }
}

impl Volume {
    /// By how much one press changes it.
    const STEP: u8 = 10;

    /// Of so many percent; more than 100 is 100.
    pub fn of_percent(percent: u8) -> Self {
        Self(percent.min(100))
    }

    /// In percent.
    pub const fn percent(self) -> u8 {
        self.0
    }

    /// One step louder; the loudest stays.
    pub fn louder(self) -> Self {
        Self::of_percent(self.0 + Self::STEP)
    }

    /// One step quieter; silence stays.
    pub fn quieter(self) -> Self {
        Self(self.0.saturating_sub(Self::STEP))
    }
}

/// What the system says that its person wants, as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemWishes {
    /// Windows are dark. What the window's own system says of it goes before.
    pub dark: bool,
    /// Letters and lines stand out.
    pub high_contrast: bool,
    /// Nothing moves by itself.
    pub reduced_motion: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_from_eighty_to_three_hundred_percent_and_no_further() {
        let mut scale = Scale::default();
        for _ in 0..20 {
            scale = scale.larger();
        }
        assert_eq!(scale.percent(), 300);
        for _ in 0..20 {
            scale = scale.smaller();
        }
        assert_eq!(scale.percent(), 80);
        assert_eq!(Scale::of_percent(0).percent(), 80);
        assert_eq!(Scale::of_percent(u16::MAX).percent(), 300);
        assert_eq!(Scale::of_percent(120).percent(), 125);
        assert!(Scale::STEPS.is_sorted());
    }

    #[test]
    fn a_volume_goes_by_steps_to_silence_and_back_and_no_further() {
        let mut volume = Volume::default();
        assert_eq!((volume.percent(), volume.louder()), (100, volume));
        for _ in 0..10 {
            volume = volume.quieter();
        }
        assert_eq!((volume.percent(), volume.quieter()), (0, volume));
        assert_eq!(volume.louder().percent(), 10);
        assert_eq!(Volume::of_percent(u8::MAX), Volume::default());
    }
}
