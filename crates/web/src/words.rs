//! What a code is called: Chinese first, English second, short and kind.

/// The words for a code. A code that is not listed still says that something is not right with the request.
pub(crate) fn of(code: &str) -> (&'static str, &'static str) {
    WORDS.iter().find(|(known, _, _)| *known == code).map_or(("请检查输入", "Please check what was sent"), |(_, chinese, english)| (chinese, english))
}

const WORDS: &[(&str, &str, &str)] = &[
    ("unauthenticated", "请先登录", "Please sign in"),
    ("forbidden", "没有这项权限", "You may not do this"),
    ("not_found", "没有找到", "Not found"),
    ("method_not_allowed", "这个地址不支持这种操作", "This path does not know this method"),
    ("internal", "系统出错了,请告诉值班人员", "Something went wrong here, please tell the operator"),
    ("cross_site", "请在本系统页面上操作", "Please act from a page of this system"),
    ("starting", "系统正在启动,请稍候", "The system is starting, please wait"),
    ("too_many_requests", "现在太忙,请稍后再试", "Too busy just now, please try again"),
    ("outcome_unknown", "暂时无法确认是否已记录,请用同一编号重试", "Not known yet whether it was recorded: please send it again with the same id"),
    ("not_yet", "数据还在路上,请稍后再查", "Not there yet, please ask again"),
    ("unknown_reference", "提到的对象还没有登记", "Something it names is not registered yet"),
    ("malformed_json", "内容格式不正确", "This is not well-formed JSON"),
    ("wrong_shape", "内容格式不正确", "Something has another shape than expected"),
    ("unknown_type", "没有这种命令", "There is no command of this type"),
    ("unsupported_parameter", "暂不支持这个参数", "This parameter is not supported yet"),
    ("unknown_parameter", "没有这个参数", "There is no such parameter"),
    ("too_large", "内容太大", "Too large"),
    ("unreadable_file", "读不懂这个文件", "This file cannot be read"),
    ("header_missing", "文件第一行应是列名", "The first line of the file should name the columns"),
    ("column_unknown", "有不认识的列名", "A column has an unknown name"),
    ("column_twice", "有一列出现了两次", "A column stands there twice"),
    ("column_missing", "缺少必填的列", "A column that is needed is missing"),
    ("unknown_kind", "没有这种导入", "There is no import of this kind"),
    ("log_away", "系统暂时无法核对,请稍后再试", "It cannot be checked just now, please try again"),
    ("id_reused", "这个编号已用于另一条记录", "This id stands for another record already"),
    ("temperature_range", "体温应在34.0至42.5℃之间", "A temperature lies between 34.0 and 42.5 °C"),
    ("temperature_precision", "体温最多一位小数", "A temperature has at most one decimal"),
    ("at_in_future", "时间在将来", "This time lies in the future"),
    ("slug_malformed", "编号只能用小写字母、数字、_和-", "An id is made of a-z 0-9 _ -"),
    ("slug_personal", "编号不能像身份证号或手机号", "An id must not look like an ID or mobile number"),
    ("door_missing", "请写明哪一户", "Please say which door"),
    ("who_missing", "请写明是谁", "Please say who"),
    ("building_fixed", "一户不能换楼", "A household never changes its building"),
    ("already_under_order", "此人已在隔离中", "This person is under an order already"),
    ("quarantine_released", "隔离在那时已经结束", "This order had ended at that time"),
    ("round_closed", "这一轮在那时已经结束", "This round was closed at that time"),
    ("checkpoint_closed", "卡点在那时已经撤了", "This checkpoint was closed at that time"),
    ("alert_changed", "这条警报刚有变化,请再看一眼", "This alert has changed: please look again"),
    ("alert_ended", "这条警报已经结束", "This alert has ended"),
    ("not_retractable", "这条记录不能撤回", "This record cannot be taken back"),
];
