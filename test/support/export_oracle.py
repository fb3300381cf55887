"""What export.py writes for rows read from standard input, by a plain reading of its rules.

Where the original ends with a traceback this goes on: a step that is not JSON is written with "?" as its error, a
business whose project is missing is taken from the space, then from the first index row.
"""
import json
import sys

COLLECTOR = (
    'created_by collector_config_id collector_config_name collector_scenario_id bk_biz_id description category_id '
    'subscription_id target_object_type target_node_type target_nodes description index_set_id etl_config table_id'
).split()
INDEX_SET = (
    'created_by index_set_id index_set_name project_id bkdata_project_id scenario_id category_id source_id orders '
    'is_trace_log time_field source_app_code time_field_type time_field_unit view_roles'
).split()


def live(rows):
    return [row for row in rows if row['is_deleted'] == 0]


def selected(row, columns):
    record = {}
    for column in columns:
        record[column if column not in record else 'log_databus_collectorconfig.' + column] = row[column]
    return record


def step_of(row):
    try:
        params = json.loads(row['params'])
        json.dumps(params, ensure_ascii=False).encode('utf-8')
        return {'id': row['step_id'], 'params': params}
    except (ValueError, TypeError, RecursionError):
        return {'id': row['step_id'], 'params': None, 'error': '?'}


def export(nodeman, log):
    steps = {row['subscription_id']: step_of(row) for row in nodeman['node_man_subscriptionstep'] if row['step_id'] == 'bkunifylogbeat'}
    collectors = []
    for row in live(log['log_databus_collectorconfig']):
        record = selected(row, COLLECTOR)
        record['steps'] = [steps.get(row['subscription_id'], {})]
        collectors.append(record)

    indexes = {}
    for row in live(log['log_search_logindexsetdata']):
        index = {key: row[key] for key in ('bk_biz_id', 'index_set_id', 'result_table_id')}
        indexes.setdefault(row['index_set_id'], []).append(index)
    projects = {row['project_id']: row['bk_biz_id'] for row in log['log_search_projectinfo']}
    spaces = {row['space_uid']: -row['id'] for row in log['log_search_space']}
    sets = []
    for row in live(log['log_search_logindexset']):
        if row['scenario_id'] not in ('bkdata', 'es'):
            continue
        record = selected(row, INDEX_SET)
        own = indexes.get(row['index_set_id'], [])
        if row['project_id'] in projects:
            business = projects[row['project_id']]
        elif row['space_uid'].startswith('bkcc__'):
            business = int(row['space_uid'][len('bkcc__'):])
        elif row['space_uid'] in spaces:
            business = spaces[row['space_uid']]
        else:
            business = own[0]['bk_biz_id'] if own else None
        record['bk_biz_id'] = business
        record['indexes'] = own
        sets.append(record)
    return [json.dumps(records, indent=4, ensure_ascii=False) for records in (collectors, sets)]


json.dump([export(one['bk_nodeman'], one['bk_log_search']) for one in json.load(sys.stdin)], sys.stdout)
