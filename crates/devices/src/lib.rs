//! Microphone, loudspeaker, camera, screen, and file-backed ones of the same types.
