//! Signal code without threads: Opus, H.264, jitter buffer, frame assembly, scaling.
