//! What runs on the device's own time: a ring and a few flags. No allocation, no lock, no log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cpal::FromSample;
use rtrb::{Consumer, Producer};

use super::Alarm;
use crate::microphone::TOGETHER;
use crate::rate::at_rate;

/// From a microphone into a ring.
pub(super) struct Hearing {
    ring: Producer<f32>,
    /// So many samples are worked on together.
    together: usize,
    alarm: Alarm,
}

impl Hearing {
    /// For a device of that rate.
    pub(super) fn new(ring: Producer<f32>, rate: u32, alarm: Alarm) -> Self {
        Self { ring, together: at_rate(TOGETHER, rate), alarm }
    }

    /// The mean of the channels into the ring; what does not fit is lost.
    pub(super) fn hear<T>(&mut self, samples: &[T], channels: usize)
    where
        T: Copy,
        f32: FromSample<T>,
    {
        self.alarm.alive();
        for frame in samples.chunks_exact(channels) {
            let sum: f32 = frame.iter().map(|&sample| f32::from_sample_(sample)).sum();
            if self.ring.push(sum / channels as f32).is_err() {
                break;
            }
        }
        if self.ring.buffer().capacity() - self.ring.slots() >= self.together {
            self.alarm.ring();
        }
    }
}

/// From a ring to a loudspeaker.
pub(super) struct Speaking {
    ring: Consumer<f32>,
    alarm: Alarm,
    slack: Slack,
}

impl Speaking {
    pub(super) fn new(ring: Consumer<f32>, alarm: Alarm, slack: Slack) -> Self {
        Self { ring, alarm, slack }
    }

    /// The ring onto all channels, silence where it is empty.
    pub(super) fn speak<T>(&mut self, samples: &mut [T], channels: usize)
    where
        T: Copy + FromSample<f32>,
    {
        self.alarm.alive();
        let wanted = samples.len() / channels;
        let waiting = self.ring.slots();
        for frame in samples.chunks_mut(channels) {
            // Above full scale an integer format would wrap round on some systems.
            let sample = self.ring.pop().unwrap_or(0.0).clamp(-1.0, 1.0);
            frame.fill(T::from_sample_(sample));
        }
        self.slack.note(waiting, wanted);
        self.alarm.ring();
    }
}

/// How close the ring was to running empty: written by the callback, read by who fills the ring.
#[derive(Debug, Clone)]
pub(crate) struct Slack(Arc<SlackCells>);

#[derive(Debug)]
struct SlackCells {
    least: AtomicUsize,
    missing: AtomicUsize,
}

impl Default for Slack {
    fn default() -> Self {
        Self(Arc::new(SlackCells { least: AtomicUsize::new(usize::MAX), missing: AtomicUsize::new(0) }))
    }
}

impl Slack {
    fn note(&self, waiting: usize, wanted: usize) {
        self.0.least.fetch_min(waiting.saturating_sub(wanted), Ordering::Relaxed);
        self.0.missing.fetch_add(wanted.saturating_sub(waiting), Ordering::Relaxed);
    }

    /// The fewest samples that were left in the ring since this was last asked; `None` if nothing was taken.
    pub(crate) fn least(&self) -> Option<usize> {
        let least = self.0.least.swap(usize::MAX, Ordering::Relaxed);
        (least != usize::MAX).then_some(least)
    }

    /// How many samples the device wanted and did not find since this was last asked.
    pub(crate) fn missing(&self) -> usize {
        self.0.missing.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use rtrb::RingBuffer;

    use super::*;
    use crate::bell::Bell;

    #[test]
    fn a_microphones_channels_become_their_mean_in_every_format() {
        let (ring, mut heard) = RingBuffer::new(64);
        let mut hearing = Hearing::new(ring, 48_000, Alarm::default());
        hearing.hear(&[16_384_i16, 0], 2);
        hearing.hear(&[1_i32 << 30, 0], 2);
        hearing.hear(&[0.5_f32, 0.0], 2);
        assert_eq!([heard.pop(), heard.pop(), heard.pop()], [Ok(0.25); 3]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_callback_asks_for_memory_or_gives_any_back() {
        use testkit::allocations::of_this_thread;

        fn ringing() -> Alarm {
            let bell = Bell::default();
            bell.wakes(std::thread::current());
            Alarm::waking(std::thread::current(), bell)
        }

        fn both<T: cpal::SizedSample + FromSample<f32> + Default>() -> u64
        where
            f32: FromSample<T>,
        {
            // Full and empty rings are among what callbacks meet.
            let (heard, mut ours) = RingBuffer::new(1_000);
            let (mut theirs, spoken) = RingBuffer::new(1_000);
            let mut hearing = Hearing::new(heard, 16_000, ringing());
            let mut speaking = Speaking::new(spoken, ringing(), Slack::default());
            let alarm = ringing();
            let error = cpal::Error::new(cpal::ErrorKind::Xrun);
            let mut buffer = [T::default(); 960];
            let before = of_this_thread();
            for round in 0..100 {
                hearing.hear(&buffer, 2);
                speaking.speak(&mut buffer, 2);
                alarm.error(&error);
                if round % 3 == 0 {
                    while let Ok(sample) = ours.pop() {
                        let _ = theirs.push(sample);
                    }
                }
            }
            of_this_thread() - before
        }
        let before = of_this_thread();
        drop(std::hint::black_box(Box::new(1)));
        assert_eq!(of_this_thread() - before, 2, "the count counts");
        assert_eq!((both::<f32>(), both::<i32>(), both::<i16>()), (0, 0, 0));
    }

    #[test]
    fn a_full_ring_loses_what_is_new_and_does_not_wait() {
        let (ring, mut heard) = RingBuffer::new(2);
        Hearing::new(ring, 48_000, Alarm::default()).hear(&[0.1_f32, 0.2, 0.3], 1);
        assert_eq!((heard.pop(), heard.pop()), (Ok(0.1), Ok(0.2)));
        assert!(heard.pop().is_err());
    }

    #[test]
    fn a_loudspeaker_gets_the_ring_on_all_channels_and_silence_after_it() {
        let (mut ring, taken) = RingBuffer::new(8);
        ring.push(0.5).unwrap();
        // Too loud by half: no wrapping round.
        ring.push(1.5).unwrap();
        let slack = Slack::default();
        let mut speaking = Speaking::new(taken, Alarm::default(), slack.clone());
        let mut buffer = [7_i16; 6];
        speaking.speak(&mut buffer, 2);
        assert_eq!(buffer, [16_384, 16_384, i16::MAX, i16::MAX, 0, 0]);
        assert_eq!((slack.least(), slack.missing()), (Some(0), 1));
        assert_eq!((slack.least(), slack.missing()), (None, 0));
    }
}
