// Script of a Zabbix media type (type "Webhook"): tells dingbridge of problems, their updates and their recoveries.
//
// Paste it into the field "Script"; README.md says which parameters it needs. It runs in Zabbix' own JavaScript (ES5,
// Zabbix 5.4 or later) as the body of a function that is given `value`, the parameters as JSON. Whatever is thrown makes
// Zabbix try again as often as the media type says, and shows in Reports -> Action log.

var SEVERITIES = ['info', 'info', 'warning', 'warning', 'critical', 'critical'];
var SOURCE_DISCOVERY = '1', SOURCE_AUTOREGISTRATION = '2';

try {
    var params = JSON.parse(value);

    // A macro that means nothing for this event stays as it is written, or becomes *UNKNOWN*.
    var known = function (name) {
        var text = params[name];
        if (typeof text !== 'string' || text === '*UNKNOWN*' || /^\{\$?[A-Z0-9_.]+\}$/.test(text)) {
            return '';
        }
        return text;
    };

    // Zabbix writes 2024.01.31 and names no zone.
    var time = function (date, hour) {
        if (known(date) === '' || known(hour) === '') {
            return '';
        }
        var offset = known('utc_offset');
        return known(date).replace(/\./g, '-') + ' ' + known(hour) + (offset === '' ? '' : ' ' + offset);
    };

    if (known('bridge') === '') {
        throw 'the parameter "bridge" is empty: set it to the address of dingbridge, as http://dingbridge:8060';
    }
    if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(known('target'))) {
        throw 'the parameter "target" is no name of a target: put one into "Send to" of the user\'s media';
    }

    var source = known('event_source');
    var isUpdate = known('event_update_status') === '1';
    var hasValue = source !== SOURCE_DISCOVERY && source !== SOURCE_AUTOREGISTRATION;
    var isOver = hasValue && known('event_value') === '0' && !isUpdate;

    var message = {
        title: known('event_name') || known('subject'),
        text: known('event_name') === '' ? known('message') : known('event_opdata'),
        severity: SEVERITIES[known('event_nseverity')] || '',
        time: isOver ? time('recovery_date', 'recovery_time') : time('event_date', 'event_time'),
        key: known('event_id') === '' ? '' : 'zabbix ' + known('event_id'),
        labels: {}
    };
    if (hasValue) {
        message.event_value = known('event_value');
    }
    if (isUpdate) {
        message.text = known('update_user') + ' ' + known('update_action') +
            (known('update_message') === '' ? '' : ': ' + known('update_message'));
    }
    if (known('zabbix_url') !== '' && known('trigger_id') !== '' && known('event_id') !== '') {
        message.url = known('zabbix_url').replace(/\/+$/, '') + '/tr_events.php?triggerid=' + known('trigger_id') +
            '&eventid=' + known('event_id');
    }

    var tags = known('event_tags') === '' ? [] : JSON.parse(known('event_tags'));
    tags.forEach(function (tag) {
        message.labels[tag.tag] = tag.value === '' ? 'true' : tag.value;
    });
    message.labels.instance = known('host_name');
    message.labels.ip = known('host_ip');
    message.labels.hostgroup = known('host_groups');

    var request = new HttpRequest();
    request.addHeader('Content-Type: application/json');
    if (known('token') !== '') {
        request.addHeader('Authorization: Bearer ' + known('token'));
    }
    if (known('http_proxy') !== '') {
        request.setProxy(known('http_proxy'));
    }
    var url = known('bridge').replace(/\/+$/, '') + '/hook/generic/' + known('target');
    var answer = request.post(url, JSON.stringify(message));
    if (request.getStatus() !== 200) {
        throw 'dingbridge answered ' + request.getStatus() + ': ' + answer;
    }
    return 'OK';
} catch (error) {
    Zabbix.log(3, '[dingbridge] ' + error);
    throw 'dingbridge: ' + error;
}
