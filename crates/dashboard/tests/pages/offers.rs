//! What each visitor is offered and told to do about an alert.

use super::*;

#[tokio::test]
async fn a_late_record_waits_since_it_was_recorded() {
    let site = site(false, false);
    site.fake.recorded_late(&fake::alert_id(1));
    for path in [alert_path(1), "/c/longquan/alerts".to_owned(), "/c/longquan".to_owned(), "/c/longquan/b/y07".to_owned()] {
        let page = site.get(&path, &office()).await.text;
        assert!(page.contains("1 分钟 未接") && !page.contains("3 天 未接"), "{path}: {page}");
        assert!(page.contains("2月3日 20:14 起"), "and still says when it was, {path}: {page}");
    }
}
