//! When the other side was last heard, with the real library in between.

mod pair;

use std::time::Duration;

use pair::{Pair, PairConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sides_without_camera_and_microphone_go_on_hearing_each_other() {
    for open in [false, true] {
        let pair = Pair::connected(PairConfig::default()).await;
        pair.host.peer.set_media_open(open);
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(800)).await;
            for end in [&pair.host, &pair.guest] {
                let heard = end.peer.stats().last_heard.expect("heard");
                let silence = pair.now().since(heard);
                assert!(silence < Duration::from_millis(750), "nothing heard for {silence:?}");
            }
        }
        assert_eq!(pair.host.peer.stats().received_packets, 0);
        pair.close().await;
    }
}
