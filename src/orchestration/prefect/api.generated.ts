// Generated from Prefect 3.8.8 by tools/prefect-types. Do not edit.

export interface paths {
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["health_check_health_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/admin/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_version_admin_version_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flows/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_flow_flows__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flows/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_flow_flows__id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flows/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_flows_flows_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_deployment_deployments__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/name/{flow_name}/{deployment_name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_deployment_by_name_deployments_name__flow_name___deployment_name__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_deployments_deployments_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_deployment_deployments__id__get"];
        put?: never;
        post?: never;
        delete: operations["delete_deployment_deployments__id__delete"];
        options?: never;
        head?: never;
        patch: operations["update_deployment_deployments__id__patch"];
        trace?: never;
    };
    "/deployments/{id}/create_flow_run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_flow_run_from_deployment_deployments__id__create_flow_run_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/deployments/{id}/schedules/{schedule_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_deployment_schedule_deployments__id__schedules__schedule_id__patch"];
        trace?: never;
    };
    "/work_pools/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_work_pool_work_pools__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/work_pools/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_work_pool_work_pools__name__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_work_pool_work_pools__name__patch"];
        trace?: never;
    };
    "/work_pools/{work_pool_name}/workers/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["worker_heartbeat_work_pools__work_pool_name__workers_heartbeat_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/work_pools/{work_pool_name}/workers/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_workers_work_pools__work_pool_name__workers_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/work_pools/{work_pool_name}/workers/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete: operations["delete_worker_work_pools__work_pool_name__workers__name__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/work_pools/{name}/get_scheduled_flow_runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["get_scheduled_flow_runs_work_pools__name__get_scheduled_flow_runs_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flow_runs/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_flow_run_flow_runs__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flow_runs/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_flow_runs_flow_runs_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flow_runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_flow_run_flow_runs__id__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_flow_run_flow_runs__id__patch"];
        trace?: never;
    };
    "/flow_runs/{id}/set_state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["set_flow_run_state_flow_runs__id__set_state_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flow_runs/{id}/labels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_flow_run_labels_flow_runs__id__labels_patch"];
        trace?: never;
    };
    "/flow_runs/{id}/graph-v2": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_flow_run_graph_v2_flow_runs__id__graph_v2_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/flow_run_states/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_flow_run_states_flow_run_states__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/task_runs/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_task_run_task_runs__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/task_runs/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_task_runs_task_runs_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logs/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_logs_logs__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/logs/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_logs_logs_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/artifacts/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_artifact_artifacts__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/artifacts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_artifact_artifacts__id__patch"];
        trace?: never;
    };
    "/artifacts/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_artifacts_artifacts_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_events_events_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/concurrency_limits/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_concurrency_limit_concurrency_limits__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/concurrency_limits/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_all_concurrency_limits_v2_v2_concurrency_limits_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/concurrency_limits/{id_or_name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get: operations["read_concurrency_limit_v2_v2_concurrency_limits__id_or_name__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch: operations["update_concurrency_limit_v2_v2_concurrency_limits__id_or_name__patch"];
        trace?: never;
    };
    "/v2/concurrency_limits/increment-with-lease": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/concurrency_limits/decrement-with-lease": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["bulk_decrement_active_slots_with_lease_v2_concurrency_limits_decrement_with_lease_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v2/concurrency_limits/leases/{lease_id}/renew": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["renew_concurrency_lease_v2_concurrency_limits_leases__lease_id__renew_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/automations/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["create_automation_automations__post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/automations/filter": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post: operations["read_automations_automations_filter_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/automations/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put: operations["update_automation_automations__id__put"];
        post?: never;
        delete: operations["delete_automation_automations__id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Artifact: {
            /** Format: uuid */
            id?: string;
            created?: string | null;
            updated?: string | null;
            key?: string | null;
            type?: string | null;
            description?: string | null;
            data?: {
                [key: string]: unknown;
            } | unknown | null;
            metadata_?: {
                [key: string]: string;
            } | null;
            flow_run_id?: string | null;
            task_run_id?: string | null;
        };
        ArtifactCreate: {
            key?: string | null;
            type?: string | null;
            description?: string | null;
            data?: {
                [key: string]: unknown;
            } | unknown | null;
            metadata_?: {
                [key: string]: string;
            } | null;
            flow_run_id?: string | null;
            task_run_id?: string | null;
        };
        ArtifactFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["ArtifactFilterId"] | null;
            key?: components["schemas"]["ArtifactFilterKey"] | null;
            flow_run_id?: components["schemas"]["ArtifactFilterFlowRunId"] | null;
            task_run_id?: components["schemas"]["ArtifactFilterTaskRunId"] | null;
            type?: components["schemas"]["ArtifactFilterType"] | null;
        };
        ArtifactFilterFlowRunId: {
            any_?: string[] | null;
        };
        ArtifactFilterId: {
            any_?: string[] | null;
        };
        ArtifactFilterKey: {
            any_?: string[] | null;
            like_?: string | null;
            exists_?: boolean | null;
        };
        ArtifactFilterTaskRunId: {
            any_?: string[] | null;
        };
        ArtifactFilterType: {
            any_?: string[] | null;
            not_any_?: string[] | null;
        };
        /** @enum {string} */
        ArtifactSort: "CREATED_DESC" | "UPDATED_DESC" | "ID_DESC" | "KEY_DESC" | "KEY_ASC";
        ArtifactUpdate: {
            data?: {
                [key: string]: unknown;
            } | unknown | null;
            description?: string | null;
            metadata_?: {
                [key: string]: string;
            } | null;
        };
        Automation: {
            name: string;
            /** @default  */
            description?: string;
            /** @default true */
            enabled?: boolean;
            tags?: string[];
            trigger: components["schemas"]["EventTrigger-Output"] | components["schemas"]["CompoundTrigger-Output"] | components["schemas"]["SequenceTrigger-Output"];
            actions: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Output"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            actions_on_trigger?: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Output"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            actions_on_resolve?: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Output"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
        };
        AutomationCreate: {
            name: string;
            /** @default  */
            description?: string;
            /** @default true */
            enabled?: boolean;
            tags?: string[];
            trigger: components["schemas"]["EventTrigger-Input"] | components["schemas"]["CompoundTrigger-Input"] | components["schemas"]["SequenceTrigger-Input"];
            actions: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Input"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            actions_on_trigger?: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Input"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            actions_on_resolve?: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Input"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            owner_resource?: string | null;
        };
        AutomationFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["AutomationFilterId"] | null;
            name?: components["schemas"]["AutomationFilterName"] | null;
            created?: components["schemas"]["AutomationFilterCreated"] | null;
            tags?: components["schemas"]["AutomationFilterTags"] | null;
        };
        AutomationFilterCreated: {
            before_?: string | null;
        };
        AutomationFilterId: {
            any_?: string[] | null;
        };
        AutomationFilterName: {
            any_?: string[] | null;
        };
        AutomationFilterTags: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            all_?: string[] | null;
            any_?: string[] | null;
            is_null_?: boolean | null;
        };
        /** @enum {string} */
        AutomationSort: "CREATED_DESC" | "UPDATED_DESC" | "NAME_ASC" | "NAME_DESC";
        AutomationUpdate: {
            name: string;
            /** @default  */
            description?: string;
            /** @default true */
            enabled?: boolean;
            tags?: string[];
            trigger: components["schemas"]["EventTrigger-Input"] | components["schemas"]["CompoundTrigger-Input"] | components["schemas"]["SequenceTrigger-Input"];
            actions: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Input"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            actions_on_trigger?: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Input"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
            actions_on_resolve?: (components["schemas"]["DoNothing"] | components["schemas"]["RunDeployment-Input"] | components["schemas"]["PauseDeployment"] | components["schemas"]["ResumeDeployment"] | components["schemas"]["CancelFlowRun"] | components["schemas"]["DeleteFlowRun"] | components["schemas"]["ChangeFlowRunState"] | components["schemas"]["PauseWorkQueue"] | components["schemas"]["ResumeWorkQueue"] | components["schemas"]["SendNotification"] | components["schemas"]["CallWebhook"] | components["schemas"]["PauseAutomation"] | components["schemas"]["ResumeAutomation"] | components["schemas"]["SuspendFlowRun"] | components["schemas"]["ResumeFlowRun"] | components["schemas"]["PauseWorkPool"] | components["schemas"]["ResumeWorkPool"])[];
        };
        Body_bulk_decrement_active_slots_with_lease_v2_concurrency_limits_decrement_with_lease_post: {
            /** Format: uuid */
            lease_id: string;
        };
        Body_bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post: {
            slots: number;
            names: string[];
            /**
             * @default concurrency
             * @enum {string}
             */
            mode?: "concurrency" | "rate_limit";
            /** @default 300 */
            lease_duration?: number;
            holder?: components["schemas"]["ConcurrencyLeaseHolder"] | null;
        };
        Body_get_scheduled_flow_runs_work_pools__name__get_scheduled_flow_runs_post: {
            work_queue_names?: string[];
            /** Format: date-time */
            scheduled_before?: string;
            /** Format: date-time */
            scheduled_after?: string;
            limit?: number;
        };
        Body_read_all_concurrency_limits_v2_v2_concurrency_limits_filter_post: {
            /** @default 0 */
            offset?: number;
            limit?: number;
        };
        Body_read_artifacts_artifacts_filter_post: {
            /** @default ID_DESC */
            sort?: components["schemas"]["ArtifactSort"];
            /** @default 0 */
            offset?: number;
            artifacts?: components["schemas"]["ArtifactFilter"];
            flow_runs?: components["schemas"]["FlowRunFilter"];
            task_runs?: components["schemas"]["TaskRunFilter"];
            flows?: components["schemas"]["FlowFilter"];
            deployments?: components["schemas"]["DeploymentFilter"];
            limit?: number;
        };
        Body_read_automations_automations_filter_post: {
            /** @default NAME_ASC */
            sort?: components["schemas"]["AutomationSort"];
            /** @default 0 */
            offset?: number;
            automations?: components["schemas"]["AutomationFilter"] | null;
            limit?: number;
        };
        Body_read_deployments_deployments_filter_post: {
            /** @default 0 */
            offset?: number;
            flows?: components["schemas"]["FlowFilter"] | null;
            flow_runs?: components["schemas"]["FlowRunFilter"] | null;
            task_runs?: components["schemas"]["TaskRunFilter"] | null;
            deployments?: components["schemas"]["DeploymentFilter"] | null;
            work_pools?: components["schemas"]["WorkPoolFilter"] | null;
            work_pool_queues?: components["schemas"]["WorkQueueFilter"] | null;
            /** @default NAME_ASC */
            sort?: components["schemas"]["DeploymentSort"];
            limit?: number;
        };
        Body_read_flow_runs_flow_runs_filter_post: {
            /** @default ID_DESC */
            sort?: components["schemas"]["FlowRunSort"];
            /** @default 0 */
            offset?: number;
            flows?: components["schemas"]["FlowFilter"] | null;
            flow_runs?: components["schemas"]["FlowRunFilter"] | null;
            task_runs?: components["schemas"]["TaskRunFilter"] | null;
            deployments?: components["schemas"]["DeploymentFilter"] | null;
            work_pools?: components["schemas"]["WorkPoolFilter"] | null;
            work_pool_queues?: components["schemas"]["WorkQueueFilter"] | null;
            limit?: number;
        };
        Body_read_flows_flows_filter_post: {
            /** @default 0 */
            offset?: number;
            flows?: components["schemas"]["FlowFilter"];
            flow_runs?: components["schemas"]["FlowRunFilter"];
            task_runs?: components["schemas"]["TaskRunFilter"];
            deployments?: components["schemas"]["DeploymentFilter"];
            work_pools?: components["schemas"]["WorkPoolFilter"];
            /** @default NAME_ASC */
            sort?: components["schemas"]["FlowSort"];
            limit?: number;
        };
        Body_read_logs_logs_filter_post: {
            /** @default 0 */
            offset?: number;
            logs?: components["schemas"]["LogFilter"] | null;
            /** @default TIMESTAMP_ASC */
            sort?: components["schemas"]["LogSort"];
            limit?: number;
        };
        Body_read_task_runs_task_runs_filter_post: {
            /** @default ID_DESC */
            sort?: components["schemas"]["TaskRunSort"];
            /** @default 0 */
            offset?: number;
            flows?: components["schemas"]["FlowFilter"] | null;
            flow_runs?: components["schemas"]["FlowRunFilter"] | null;
            task_runs?: components["schemas"]["TaskRunFilter"] | null;
            deployments?: components["schemas"]["DeploymentFilter"] | null;
            limit?: number;
        };
        Body_read_workers_work_pools__work_pool_name__workers_filter_post: {
            workers?: components["schemas"]["WorkerFilter"] | null;
            /** @default 0 */
            offset?: number;
            limit?: number;
        };
        Body_renew_concurrency_lease_v2_concurrency_limits_leases__lease_id__renew_post: {
            /** @default 300 */
            lease_duration?: number;
        };
        Body_set_flow_run_state_flow_runs__id__set_state_post: {
            state: components["schemas"]["StateCreate"];
            /** @default false */
            force?: boolean;
        };
        Body_worker_heartbeat_work_pools__work_pool_name__workers_heartbeat_post: {
            name: string;
            heartbeat_interval_seconds?: number | null;
        };
        CallWebhook: {
            /**
             * @default call-webhook
             * @constant
             */
            type?: "call-webhook";
            /** Format: uuid */
            block_document_id: string;
            /** @default  */
            payload?: string;
        };
        CancelFlowRun: {
            /**
             * @default cancel-flow-run
             * @constant
             */
            type?: "cancel-flow-run";
        };
        ChangeFlowRunState: {
            /**
             * @default change-flow-run-state
             * @constant
             */
            type?: "change-flow-run-state";
            name?: string | null;
            state: components["schemas"]["StateType"];
            message?: string | null;
            /** @default false */
            force?: boolean;
        };
        "CompoundTrigger-Input": {
            /**
             * @default compound
             * @constant
             */
            type?: "compound";
            /** Format: uuid */
            id?: string;
            triggers: (components["schemas"]["EventTrigger-Input"] | components["schemas"]["CompoundTrigger-Input"] | components["schemas"]["SequenceTrigger-Input"])[];
            within: string | null;
            require: number | ("any" | "all");
        };
        "CompoundTrigger-Output": {
            /**
             * @default compound
             * @constant
             */
            type?: "compound";
            /** Format: uuid */
            id?: string;
            triggers: (components["schemas"]["EventTrigger-Output"] | components["schemas"]["CompoundTrigger-Output"] | components["schemas"]["SequenceTrigger-Output"])[];
            within: number | null;
            require: number | ("any" | "all");
        };
        ConcurrencyLeaseHolder: {
            /** @enum {string} */
            type: "flow_run" | "task_run" | "deployment";
            /** Format: uuid */
            id: string;
        };
        ConcurrencyLimit: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            tag: string;
            concurrency_limit: number;
            active_slots?: string[];
        };
        ConcurrencyLimitCreate: {
            tag: string;
            concurrency_limit: number;
        };
        /** @enum {string} */
        ConcurrencyLimitStrategy: "ENQUEUE" | "CANCEL_NEW";
        ConcurrencyLimitV2Update: {
            active?: boolean | null;
            name?: string | null;
            limit?: number | null;
            active_slots?: number | null;
            denied_slots?: number | null;
            slot_decay_per_second?: number | null;
        };
        ConcurrencyLimitWithLeaseResponse: {
            /** Format: uuid */
            lease_id: string;
            limits: components["schemas"]["MinimalConcurrencyLimitResponse"][];
        };
        ConcurrencyOptions: {
            collision_strategy: components["schemas"]["ConcurrencyLimitStrategy"];
            grace_period_seconds?: number | null;
        };
        Constant: {
            /**
             * @default constant
             * @constant
             */
            input_type?: "constant";
            type: string;
        };
        CreatedBy: {
            id?: string | null;
            type?: string | null;
            display_value?: string | null;
        };
        CronSchedule: {
            cron: string;
            timezone?: string | null;
            /** @default true */
            day_or?: boolean;
        };
        DeleteFlowRun: {
            /**
             * @default delete-flow-run
             * @constant
             */
            type?: "delete-flow-run";
        };
        DeploymentCreate: {
            name: string;
            /** Format: uuid */
            flow_id: string;
            /** @default false */
            paused?: boolean;
            schedules?: components["schemas"]["DeploymentScheduleCreate"][];
            concurrency_limit?: number | null;
            concurrency_options?: components["schemas"]["ConcurrencyOptions"] | null;
            global_concurrency_limit_id?: string | null;
            /** @default true */
            enforce_parameter_schema?: boolean;
            parameter_openapi_schema?: {
                [key: string]: unknown;
            } | {
                [key: string]: unknown;
            } | null;
            parameters?: {
                [key: string]: unknown;
            };
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
            pull_steps?: {
                [key: string]: unknown;
            }[] | null;
            work_queue_name?: string | null;
            work_pool_name?: string | null;
            storage_document_id?: string | null;
            infrastructure_document_id?: string | null;
            description?: string | null;
            path?: string | null;
            version?: string | null;
            entrypoint?: string | null;
            job_variables?: {
                [key: string]: unknown;
            };
            version_info?: components["schemas"]["VersionInfo"] | null;
        };
        DeploymentFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["DeploymentFilterId"] | null;
            name?: components["schemas"]["DeploymentFilterName"] | null;
            flow_or_deployment_name?: components["schemas"]["DeploymentOrFlowNameFilter"] | null;
            paused?: components["schemas"]["DeploymentFilterPaused"] | null;
            tags?: components["schemas"]["DeploymentFilterTags"] | null;
            work_queue_name?: components["schemas"]["DeploymentFilterWorkQueueName"] | null;
            /** @deprecated */
            concurrency_limit?: components["schemas"]["DeploymentFilterConcurrencyLimit"] | null;
        };
        DeploymentFilterConcurrencyLimit: {
            ge_?: number | null;
            le_?: number | null;
            is_null_?: boolean | null;
        };
        DeploymentFilterId: {
            any_?: string[] | null;
            not_any_?: string[] | null;
        };
        DeploymentFilterName: {
            any_?: string[] | null;
            like_?: string | null;
        };
        DeploymentFilterPaused: {
            eq_?: boolean | null;
        };
        DeploymentFilterTags: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            all_?: string[] | null;
            any_?: string[] | null;
            is_null_?: boolean | null;
        };
        DeploymentFilterWorkQueueName: {
            any_?: string[] | null;
        };
        DeploymentFlowRunCreate: {
            state?: components["schemas"]["StateCreate"] | null;
            name?: string;
            parameters?: {
                [key: string]: unknown;
            };
            enforce_parameter_schema?: boolean | null;
            context?: {
                [key: string]: unknown;
            };
            infrastructure_document_id?: string | null;
            empirical_policy?: components["schemas"]["FlowRunPolicy"];
            tags?: string[];
            idempotency_key?: string | null;
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
            parent_task_run_id?: string | null;
            work_queue_name?: string | null;
            job_variables?: {
                [key: string]: unknown;
            } | {
                [key: string]: unknown;
            } | null;
        };
        DeploymentOrFlowNameFilter: {
            like_?: string | null;
        };
        DeploymentResponse: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name: string;
            version?: string | null;
            description?: string | null;
            /** Format: uuid */
            flow_id: string;
            /** @default false */
            paused?: boolean;
            schedules?: components["schemas"]["DeploymentSchedule"][];
            /** @deprecated */
            concurrency_limit?: number | null;
            global_concurrency_limit?: components["schemas"]["GlobalConcurrencyLimitResponse"] | null;
            concurrency_options?: components["schemas"]["ConcurrencyOptions"] | null;
            job_variables?: {
                [key: string]: unknown;
            };
            parameters?: {
                [key: string]: unknown;
            };
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            };
            work_queue_name?: string | null;
            work_queue_id?: string | null;
            last_polled?: string | null;
            parameter_openapi_schema?: {
                [key: string]: unknown;
            } | {
                [key: string]: unknown;
            } | null;
            path?: string | null;
            pull_steps?: {
                [key: string]: unknown;
            }[] | null;
            entrypoint?: string | null;
            storage_document_id?: string | null;
            infrastructure_document_id?: string | null;
            created_by?: components["schemas"]["CreatedBy"] | null;
            updated_by?: components["schemas"]["UpdatedBy"] | null;
            work_pool_name?: string | null;
            /** @default NOT_READY */
            status?: components["schemas"]["DeploymentStatus"] | null;
            /** @default true */
            enforce_parameter_schema?: boolean;
        };
        DeploymentSchedule: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            deployment_id?: string | null;
            schedule: components["schemas"]["IntervalSchedule-Output"] | components["schemas"]["CronSchedule"] | components["schemas"]["RRuleSchedule"];
            /** @default true */
            active?: boolean;
            max_scheduled_runs?: number | null;
            parameters?: {
                [key: string]: unknown;
            };
            slug?: string | null;
        };
        DeploymentScheduleCreate: {
            /** @default true */
            active?: boolean;
            schedule: components["schemas"]["IntervalSchedule-Input"] | components["schemas"]["CronSchedule"] | components["schemas"]["RRuleSchedule"];
            max_scheduled_runs?: number | null;
            parameters?: {
                [key: string]: unknown;
            };
            slug?: string | null;
            replaces?: string | null;
        };
        DeploymentScheduleUpdate: {
            active?: boolean | null;
            schedule?: components["schemas"]["IntervalSchedule-Input"] | components["schemas"]["CronSchedule"] | components["schemas"]["RRuleSchedule"] | null;
            max_scheduled_runs?: number | null;
            parameters?: {
                [key: string]: unknown;
            };
            slug?: string | null;
            replaces?: string | null;
        };
        /** @enum {string} */
        DeploymentSort: "CREATED_DESC" | "UPDATED_DESC" | "NAME_ASC" | "NAME_DESC";
        /** @enum {string} */
        DeploymentStatus: "READY" | "NOT_READY";
        DeploymentUpdate: {
            version?: string | null;
            description?: string | null;
            /** @default false */
            paused?: boolean;
            schedules?: components["schemas"]["DeploymentScheduleUpdate"][];
            concurrency_limit?: number | null;
            concurrency_options?: components["schemas"]["ConcurrencyOptions"] | null;
            global_concurrency_limit_id?: string | null;
            parameters?: {
                [key: string]: unknown;
            } | null;
            parameter_openapi_schema?: {
                [key: string]: unknown;
            } | null;
            tags?: string[];
            work_queue_name?: string | null;
            work_pool_name?: string | null;
            path?: string | null;
            job_variables?: {
                [key: string]: unknown;
            } | null;
            pull_steps?: {
                [key: string]: unknown;
            }[] | null;
            entrypoint?: string | null;
            storage_document_id?: string | null;
            infrastructure_document_id?: string | null;
            enforce_parameter_schema?: boolean | null;
            version_info?: components["schemas"]["VersionInfo"] | null;
        };
        DoNothing: {
            /**
             * @default do-nothing
             * @constant
             */
            type?: "do-nothing";
        };
        Edge: {
            /** Format: uuid */
            id: string;
        };
        Event: {
            /** Format: date-time */
            occurred: string;
            event: string;
            resource: components["schemas"]["Resource"];
            related?: components["schemas"]["RelatedResource"][];
            payload?: {
                [key: string]: unknown;
            };
            /** Format: uuid */
            id: string;
            follows?: string | null;
        };
        "EventTrigger-Input": {
            /**
             * @default event
             * @constant
             */
            type?: "event";
            /** Format: uuid */
            id?: string;
            match?: components["schemas"]["ResourceSpecification"] | {
                [key: string]: string | string[];
            };
            match_related?: components["schemas"]["ResourceSpecification"] | {
                [key: string]: string | string[];
            } | (components["schemas"]["ResourceSpecification"] | {
                [key: string]: string | string[];
            })[];
            after?: string[];
            expect?: string[];
            for_each?: string[];
            /** @enum {string} */
            posture: "Reactive" | "Proactive";
            /** @default 1 */
            threshold?: number;
            /**
             * Format: duration
             * @default PT0S
             */
            within?: string;
        };
        "EventTrigger-Output": {
            /**
             * @default event
             * @constant
             */
            type?: "event";
            /** Format: uuid */
            id?: string;
            match?: components["schemas"]["ResourceSpecification"] | {
                [key: string]: string | string[];
            };
            match_related?: components["schemas"]["ResourceSpecification"] | {
                [key: string]: string | string[];
            } | (components["schemas"]["ResourceSpecification"] | {
                [key: string]: string | string[];
            })[];
            after?: string[];
            expect?: string[];
            for_each?: string[];
            /** @enum {string} */
            posture: "Reactive" | "Proactive";
            /** @default 1 */
            threshold?: number;
            /** @default 0 */
            within?: number;
        };
        Flow: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name: string;
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
        };
        FlowCreate: {
            name: string;
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
        };
        FlowFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["FlowFilterId"] | null;
            deployment?: components["schemas"]["FlowFilterDeployment"] | null;
            name?: components["schemas"]["FlowFilterName"] | null;
            tags?: components["schemas"]["FlowFilterTags"] | null;
        };
        FlowFilterDeployment: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            is_null_?: boolean | null;
        };
        FlowFilterId: {
            any_?: string[] | null;
            not_any_?: string[] | null;
        };
        FlowFilterName: {
            any_?: string[] | null;
            like_?: string | null;
        };
        FlowFilterTags: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            all_?: string[] | null;
            is_null_?: boolean | null;
        };
        FlowRun: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name?: string;
            /** Format: uuid */
            flow_id: string;
            state_id?: string | null;
            deployment_id?: string | null;
            deployment_version?: string | null;
            work_queue_name?: string | null;
            flow_version?: string | null;
            parameters?: {
                [key: string]: unknown;
            };
            idempotency_key?: string | null;
            context?: {
                [key: string]: unknown;
            };
            empirical_policy?: components["schemas"]["FlowRunPolicy"];
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
            parent_task_run_id?: string | null;
            state_type?: components["schemas"]["StateType"] | null;
            state_name?: string | null;
            /** @default 0 */
            run_count?: number;
            expected_start_time?: string | null;
            next_scheduled_start_time?: string | null;
            start_time?: string | null;
            end_time?: string | null;
            /** @default 0 */
            total_run_time?: number;
            /** @default 0 */
            estimated_run_time?: number;
            /** @default 0 */
            estimated_start_time_delta?: number;
            /** @default false */
            auto_scheduled?: boolean;
            infrastructure_document_id?: string | null;
            infrastructure_pid?: string | null;
            created_by?: components["schemas"]["CreatedBy"] | null;
            work_queue_id?: string | null;
            state?: components["schemas"]["State"] | null;
            job_variables?: {
                [key: string]: unknown;
            } | null;
        };
        FlowRunCreate: {
            state?: components["schemas"]["StateCreate"] | null;
            name?: string;
            /** Format: uuid */
            flow_id: string;
            flow_version?: string | null;
            parameters?: {
                [key: string]: unknown;
            };
            context?: {
                [key: string]: unknown;
            };
            parent_task_run_id?: string | null;
            infrastructure_document_id?: string | null;
            empirical_policy?: components["schemas"]["FlowRunPolicy"];
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
            idempotency_key?: string | null;
            work_pool_name?: string | null;
            work_queue_name?: string | null;
            job_variables?: {
                [key: string]: unknown;
            } | null;
            /** @deprecated */
            deployment_id?: string | null;
        };
        FlowRunFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["FlowRunFilterId"] | null;
            name?: components["schemas"]["FlowRunFilterName"] | null;
            tags?: components["schemas"]["FlowRunFilterTags"] | null;
            deployment_id?: components["schemas"]["FlowRunFilterDeploymentId"] | null;
            work_queue_name?: components["schemas"]["FlowRunFilterWorkQueueName"] | null;
            state?: components["schemas"]["FlowRunFilterState"] | null;
            flow_version?: components["schemas"]["FlowRunFilterFlowVersion"] | null;
            start_time?: components["schemas"]["FlowRunFilterStartTime"] | null;
            end_time?: components["schemas"]["FlowRunFilterEndTime"] | null;
            expected_start_time?: components["schemas"]["FlowRunFilterExpectedStartTime"] | null;
            next_scheduled_start_time?: components["schemas"]["FlowRunFilterNextScheduledStartTime"] | null;
            parent_flow_run_id?: components["schemas"]["FlowRunFilterParentFlowRunId"] | null;
            parent_task_run_id?: components["schemas"]["FlowRunFilterParentTaskRunId"] | null;
            idempotency_key?: components["schemas"]["FlowRunFilterIdempotencyKey"] | null;
            created_by?: components["schemas"]["FlowRunFilterCreatedBy"] | null;
        };
        FlowRunFilterCreatedBy: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id_?: string[] | null;
            type_?: string[] | null;
            is_null_?: boolean | null;
        };
        FlowRunFilterDeploymentId: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            any_?: string[] | null;
            is_null_?: boolean | null;
        };
        FlowRunFilterEndTime: {
            before_?: string | null;
            after_?: string | null;
            is_null_?: boolean | null;
        };
        FlowRunFilterExpectedStartTime: {
            before_?: string | null;
            after_?: string | null;
        };
        FlowRunFilterFlowVersion: {
            any_?: string[] | null;
        };
        FlowRunFilterId: {
            any_?: string[] | null;
            not_any_?: string[] | null;
        };
        FlowRunFilterIdempotencyKey: {
            any_?: string[] | null;
            not_any_?: string[] | null;
        };
        FlowRunFilterName: {
            any_?: string[] | null;
            like_?: string | null;
        };
        FlowRunFilterNextScheduledStartTime: {
            before_?: string | null;
            after_?: string | null;
        };
        FlowRunFilterParentFlowRunId: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            any_?: string[] | null;
        };
        FlowRunFilterParentTaskRunId: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            any_?: string[] | null;
            is_null_?: boolean | null;
        };
        FlowRunFilterStartTime: {
            before_?: string | null;
            after_?: string | null;
            is_null_?: boolean | null;
        };
        FlowRunFilterState: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            type?: components["schemas"]["FlowRunFilterStateType"] | null;
            name?: components["schemas"]["FlowRunFilterStateName"] | null;
        };
        FlowRunFilterStateName: {
            any_?: string[] | null;
            not_any_?: string[] | null;
        };
        FlowRunFilterStateType: {
            any_?: components["schemas"]["StateType"][] | null;
            not_any_?: components["schemas"]["StateType"][] | null;
        };
        FlowRunFilterTags: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            all_?: string[] | null;
            any_?: string[] | null;
            is_null_?: boolean | null;
        };
        FlowRunFilterWorkQueueName: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            any_?: string[] | null;
            is_null_?: boolean | null;
        };
        FlowRunPolicy: {
            /**
             * @deprecated
             * @default 0
             */
            max_retries?: number;
            /**
             * @deprecated
             * @default 0
             */
            retry_delay_seconds?: number;
            retries?: number | null;
            retry_delay?: number | null;
            pause_keys?: string[] | null;
            /** @default false */
            resuming?: boolean | null;
            retry_type?: ("in_process" | "reschedule") | null;
        };
        FlowRunResponse: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name?: string;
            /** Format: uuid */
            flow_id: string;
            state_id?: string | null;
            deployment_id?: string | null;
            deployment_version?: string | null;
            work_queue_id?: string | null;
            work_queue_name?: string | null;
            flow_version?: string | null;
            parameters?: {
                [key: string]: unknown;
            };
            idempotency_key?: string | null;
            context?: {
                [key: string]: unknown;
            };
            empirical_policy?: components["schemas"]["FlowRunPolicy"];
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            };
            parent_task_run_id?: string | null;
            state_type?: components["schemas"]["StateType"] | null;
            state_name?: string | null;
            /** @default 0 */
            run_count?: number;
            expected_start_time?: string | null;
            next_scheduled_start_time?: string | null;
            start_time?: string | null;
            end_time?: string | null;
            /** @default 0 */
            total_run_time?: number;
            /** @default 0 */
            estimated_run_time?: number;
            /** @default 0 */
            estimated_start_time_delta?: number;
            /** @default false */
            auto_scheduled?: boolean;
            infrastructure_document_id?: string | null;
            infrastructure_pid?: string | null;
            created_by?: components["schemas"]["CreatedBy"] | null;
            work_pool_id?: string | null;
            work_pool_name?: string | null;
            state?: components["schemas"]["State"] | null;
            job_variables?: {
                [key: string]: unknown;
            } | null;
        };
        FlowRunResult: {
            /**
             * @default flow_run
             * @constant
             */
            input_type?: "flow_run";
            /** Format: uuid */
            id: string;
        };
        /** @enum {string} */
        FlowRunSort: "ID_DESC" | "START_TIME_ASC" | "START_TIME_DESC" | "EXPECTED_START_TIME_ASC" | "EXPECTED_START_TIME_DESC" | "NAME_ASC" | "NAME_DESC" | "NEXT_SCHEDULED_START_TIME_ASC" | "END_TIME_DESC";
        FlowRunUpdate: {
            name?: string | null;
            flow_version?: string | null;
            parameters?: {
                [key: string]: unknown;
            };
            empirical_policy?: components["schemas"]["FlowRunPolicy"];
            tags?: string[];
            infrastructure_pid?: string | null;
            job_variables?: {
                [key: string]: unknown;
            } | null;
        };
        /** @enum {string} */
        FlowSort: "CREATED_DESC" | "UPDATED_DESC" | "NAME_ASC" | "NAME_DESC";
        GlobalConcurrencyLimitResponse: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            /** @default true */
            active?: boolean;
            name: string;
            limit: number;
            active_slots: number;
            /** @default 2 */
            slot_decay_per_second?: number;
        };
        Graph: {
            start_time: string | null;
            end_time: string | null;
            root_node_ids: string[];
            nodes: [
                string,
                components["schemas"]["Node"]
            ][];
            artifacts: components["schemas"]["GraphArtifact"][];
            states: components["schemas"]["GraphState"][];
        };
        GraphArtifact: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            created: string;
            key: string | null;
            type: string | null;
            is_latest: boolean;
            data: unknown | null;
        };
        GraphState: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            timestamp: string;
            type: components["schemas"]["StateType"];
            name: string;
        };
        HTTPValidationError: {
            detail?: components["schemas"]["ValidationError"][];
        };
        "IntervalSchedule-Input": {
            /** Format: duration */
            interval: string;
            /** Format: date-time */
            anchor_date?: string;
            timezone?: string | null;
        };
        "IntervalSchedule-Output": {
            interval: number;
            /** Format: date-time */
            anchor_date?: string;
            timezone?: string | null;
        };
        Log: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name: string;
            level: number;
            message: string;
            /** Format: date-time */
            timestamp: string;
            flow_run_id?: string | null;
            task_run_id?: string | null;
        };
        LogCreate: {
            name: string;
            level: number;
            message: string;
            /** Format: date-time */
            timestamp: string;
            flow_run_id?: string | null;
            task_run_id?: string | null;
        };
        LogFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            level?: components["schemas"]["LogFilterLevel"] | null;
            timestamp?: components["schemas"]["LogFilterTimestamp"] | null;
            flow_run_id?: components["schemas"]["LogFilterFlowRunId"] | null;
            task_run_id?: components["schemas"]["LogFilterTaskRunId"] | null;
            text?: components["schemas"]["LogFilterTextSearch"] | null;
        };
        LogFilterFlowRunId: {
            any_?: string[] | null;
        };
        LogFilterLevel: {
            ge_?: number | null;
            le_?: number | null;
        };
        LogFilterTaskRunId: {
            any_?: string[] | null;
            is_null_?: boolean | null;
        };
        LogFilterTextSearch: {
            query: string;
        };
        LogFilterTimestamp: {
            before_?: string | null;
            after_?: string | null;
        };
        /** @enum {string} */
        LogSort: "TIMESTAMP_ASC" | "TIMESTAMP_DESC";
        MinimalConcurrencyLimitResponse: {
            /** Format: uuid */
            id: string;
            name: string;
            limit: number;
        };
        Node: {
            /** @enum {string} */
            kind: "flow-run" | "task-run";
            /** Format: uuid */
            id: string;
            label: string;
            state_type: components["schemas"]["StateType"];
            /** Format: date-time */
            start_time: string;
            end_time: string | null;
            parents: components["schemas"]["Edge"][];
            children: components["schemas"]["Edge"][];
            encapsulating: components["schemas"]["Edge"][];
            artifacts: components["schemas"]["GraphArtifact"][];
        };
        /** @enum {string} */
        Operator: "and_" | "or_";
        OrchestrationResult: {
            state: components["schemas"]["State"] | null;
            status: components["schemas"]["SetStateStatus"];
            details: components["schemas"]["StateAcceptDetails"] | components["schemas"]["StateWaitDetails"] | components["schemas"]["StateRejectDetails"] | components["schemas"]["StateAbortDetails"];
        };
        Parameter: {
            /**
             * @default parameter
             * @constant
             */
            input_type?: "parameter";
            name: string;
        };
        PauseAutomation: {
            /**
             * @default pause-automation
             * @constant
             */
            type?: "pause-automation";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            automation_id?: string | null;
        };
        PauseDeployment: {
            /**
             * @default pause-deployment
             * @constant
             */
            type?: "pause-deployment";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            deployment_id?: string | null;
        };
        PauseWorkPool: {
            /**
             * @default pause-work-pool
             * @constant
             */
            type?: "pause-work-pool";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            work_pool_id?: string | null;
        };
        PauseWorkQueue: {
            /**
             * @default pause-work-queue
             * @constant
             */
            type?: "pause-work-queue";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            work_queue_id?: string | null;
        };
        RRuleSchedule: {
            rrule: string;
            /** @default UTC */
            timezone?: string | null;
        };
        RelatedResource: {
            [key: string]: string;
        };
        Resource: {
            [key: string]: string;
        };
        ResourceSpecification: {
            [key: string]: string | string[];
        };
        ResumeAutomation: {
            /**
             * @default resume-automation
             * @constant
             */
            type?: "resume-automation";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            automation_id?: string | null;
        };
        ResumeDeployment: {
            /**
             * @default resume-deployment
             * @constant
             */
            type?: "resume-deployment";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            deployment_id?: string | null;
        };
        ResumeFlowRun: {
            /**
             * @default resume-flow-run
             * @constant
             */
            type?: "resume-flow-run";
        };
        ResumeWorkPool: {
            /**
             * @default resume-work-pool
             * @constant
             */
            type?: "resume-work-pool";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            work_pool_id?: string | null;
        };
        ResumeWorkQueue: {
            /**
             * @default resume-work-queue
             * @constant
             */
            type?: "resume-work-queue";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            work_queue_id?: string | null;
        };
        "RunDeployment-Input": {
            /**
             * @default run-deployment
             * @constant
             */
            type?: "run-deployment";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            deployment_id?: string | null;
            parameters?: {
                [key: string]: unknown;
            } | null;
            job_variables?: {
                [key: string]: unknown;
            } | null;
            /** Format: duration */
            schedule_after?: string;
        };
        "RunDeployment-Output": {
            /**
             * @default run-deployment
             * @constant
             */
            type?: "run-deployment";
            /**
             * @default selected
             * @enum {string}
             */
            source?: "selected" | "inferred";
            deployment_id?: string | null;
            parameters?: {
                [key: string]: unknown;
            } | null;
            job_variables?: {
                [key: string]: unknown;
            } | null;
            schedule_after?: number;
        };
        SendNotification: {
            /**
             * @default send-notification
             * @constant
             */
            type?: "send-notification";
            /** Format: uuid */
            block_document_id: string;
            /** @default Prefect automated notification */
            subject?: string;
            body: string;
        };
        "SequenceTrigger-Input": {
            /**
             * @default sequence
             * @constant
             */
            type?: "sequence";
            /** Format: uuid */
            id?: string;
            triggers: (components["schemas"]["EventTrigger-Input"] | components["schemas"]["CompoundTrigger-Input"] | components["schemas"]["SequenceTrigger-Input"])[];
            within: string | null;
        };
        "SequenceTrigger-Output": {
            /**
             * @default sequence
             * @constant
             */
            type?: "sequence";
            /** Format: uuid */
            id?: string;
            triggers: (components["schemas"]["EventTrigger-Output"] | components["schemas"]["CompoundTrigger-Output"] | components["schemas"]["SequenceTrigger-Output"])[];
            within: number | null;
        };
        /** @enum {string} */
        SetStateStatus: "ACCEPT" | "REJECT" | "ABORT" | "WAIT";
        State: {
            /** Format: uuid */
            id: string;
            type: components["schemas"]["StateType"];
            name?: string | null;
            /** Format: date-time */
            timestamp?: string;
            message?: string | null;
            data?: unknown | null;
            state_details?: components["schemas"]["StateDetails"];
        };
        StateAbortDetails: {
            /**
             * @default abort_details
             * @constant
             */
            type?: "abort_details";
            reason?: string | null;
        };
        StateAcceptDetails: {
            /**
             * @default accept_details
             * @constant
             */
            type?: "accept_details";
        };
        StateCreate: {
            type: components["schemas"]["StateType"];
            name?: string | null;
            message?: string | null;
            data?: unknown | null;
            state_details?: components["schemas"]["StateDetails"];
        };
        StateDetails: {
            flow_run_id?: string | null;
            task_run_id?: string | null;
            child_flow_run_id?: string | null;
            scheduled_time?: string | null;
            cache_key?: string | null;
            cache_expiration?: string | null;
            /** @default false */
            deferred?: boolean | null;
            /** @default false */
            untrackable_result?: boolean;
            pause_timeout?: string | null;
            /** @default false */
            pause_reschedule?: boolean;
            pause_key?: string | null;
            run_input_keyset?: {
                [key: string]: string;
            } | null;
            refresh_cache?: boolean | null;
            retriable?: boolean | null;
            transition_id?: string | null;
            task_parameters_id?: string | null;
            traceparent?: string | null;
            deployment_concurrency_lease_id?: string | null;
        };
        StateRejectDetails: {
            /**
             * @default reject_details
             * @constant
             */
            type?: "reject_details";
            reason?: string | null;
        };
        /** @enum {string} */
        StateType: "SCHEDULED" | "PENDING" | "RUNNING" | "COMPLETED" | "FAILED" | "CANCELLED" | "CRASHED" | "PAUSED" | "CANCELLING";
        StateWaitDetails: {
            /**
             * @default wait_details
             * @constant
             */
            type?: "wait_details";
            delay_seconds: number;
            reason?: string | null;
        };
        SuspendFlowRun: {
            /**
             * @default suspend-flow-run
             * @constant
             */
            type?: "suspend-flow-run";
        };
        TaskRun: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name?: string;
            flow_run_id?: string | null;
            task_key: string;
            dynamic_key: string;
            cache_key?: string | null;
            cache_expiration?: string | null;
            task_version?: string | null;
            empirical_policy?: components["schemas"]["TaskRunPolicy"];
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
            state_id?: string | null;
            task_inputs?: {
                [key: string]: (components["schemas"]["TaskRunResult"] | components["schemas"]["FlowRunResult"] | components["schemas"]["Parameter"] | components["schemas"]["Constant"])[];
            };
            state_type?: components["schemas"]["StateType"] | null;
            state_name?: string | null;
            /** @default 0 */
            run_count?: number;
            /** @default 0 */
            flow_run_run_count?: number;
            expected_start_time?: string | null;
            next_scheduled_start_time?: string | null;
            start_time?: string | null;
            end_time?: string | null;
            /** @default 0 */
            total_run_time?: number;
            /** @default 0 */
            estimated_run_time?: number;
            /** @default 0 */
            estimated_start_time_delta?: number;
            state?: components["schemas"]["State"] | null;
        };
        TaskRunCreate: {
            id?: string | null;
            state?: components["schemas"]["StateCreate"] | null;
            name?: string;
            flow_run_id?: string | null;
            task_key: string;
            dynamic_key: string;
            cache_key?: string | null;
            cache_expiration?: string | null;
            task_version?: string | null;
            empirical_policy?: components["schemas"]["TaskRunPolicy"];
            tags?: string[];
            labels?: {
                [key: string]: boolean | number | string;
            } | null;
            task_inputs?: {
                [key: string]: (components["schemas"]["TaskRunResult"] | components["schemas"]["FlowRunResult"] | components["schemas"]["Parameter"] | components["schemas"]["Constant"])[];
            };
        };
        TaskRunFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["TaskRunFilterId"] | null;
            name?: components["schemas"]["TaskRunFilterName"] | null;
            tags?: components["schemas"]["TaskRunFilterTags"] | null;
            state?: components["schemas"]["TaskRunFilterState"] | null;
            start_time?: components["schemas"]["TaskRunFilterStartTime"] | null;
            end_time?: components["schemas"]["TaskRunFilterEndTime"] | null;
            expected_start_time?: components["schemas"]["TaskRunFilterExpectedStartTime"] | null;
            subflow_runs?: components["schemas"]["TaskRunFilterSubFlowRuns"] | null;
            flow_run_id?: components["schemas"]["TaskRunFilterFlowRunId"] | null;
        };
        TaskRunFilterEndTime: {
            before_?: string | null;
            after_?: string | null;
            is_null_?: boolean | null;
        };
        TaskRunFilterExpectedStartTime: {
            before_?: string | null;
            after_?: string | null;
        };
        TaskRunFilterFlowRunId: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            any_?: string[] | null;
            /** @default false */
            is_null_?: boolean | null;
        };
        TaskRunFilterId: {
            any_?: string[] | null;
        };
        TaskRunFilterName: {
            any_?: string[] | null;
            like_?: string | null;
        };
        TaskRunFilterStartTime: {
            before_?: string | null;
            after_?: string | null;
            is_null_?: boolean | null;
        };
        TaskRunFilterState: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            type?: components["schemas"]["TaskRunFilterStateType"] | null;
            name?: components["schemas"]["TaskRunFilterStateName"] | null;
        };
        TaskRunFilterStateName: {
            any_?: string[] | null;
        };
        TaskRunFilterStateType: {
            any_?: components["schemas"]["StateType"][] | null;
        };
        TaskRunFilterSubFlowRuns: {
            exists_?: boolean | null;
        };
        TaskRunFilterTags: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            all_?: string[] | null;
            is_null_?: boolean | null;
        };
        TaskRunPolicy: {
            /**
             * @deprecated
             * @default 0
             */
            max_retries?: number;
            /**
             * @deprecated
             * @default 0
             */
            retry_delay_seconds?: number;
            retries?: number | null;
            retry_delay?: number | number[] | number[] | null;
            retry_jitter_factor?: number | null;
        };
        TaskRunResult: {
            /**
             * @default task_run
             * @constant
             */
            input_type?: "task_run";
            /** Format: uuid */
            id: string;
        };
        /** @enum {string} */
        TaskRunSort: "ID_DESC" | "EXPECTED_START_TIME_ASC" | "EXPECTED_START_TIME_DESC" | "NAME_ASC" | "NAME_DESC" | "NEXT_SCHEDULED_START_TIME_ASC" | "END_TIME_DESC";
        UpdatedBy: {
            id?: string | null;
            type?: string | null;
            display_value?: string | null;
        };
        ValidationError: {
            loc: (string | number)[];
            msg: string;
            type: string;
            input?: unknown;
            ctx?: Record<string, unknown>;
        };
        VersionInfo: {
            type: string;
            version: string;
        } & {
            [key: string]: unknown;
        };
        WorkPoolCreate: {
            name: string;
            description?: string | null;
            /** @default prefect-agent */
            type?: string;
            base_job_template?: {
                [key: string]: unknown;
            };
            /** @default false */
            is_paused?: boolean;
            concurrency_limit?: number | null;
            storage_configuration?: components["schemas"]["WorkPoolStorageConfiguration"];
        };
        WorkPoolFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["WorkPoolFilterId"] | null;
            name?: components["schemas"]["WorkPoolFilterName"] | null;
            type?: components["schemas"]["WorkPoolFilterType"] | null;
        };
        WorkPoolFilterId: {
            any_?: string[] | null;
        };
        WorkPoolFilterName: {
            any_?: string[] | null;
        };
        WorkPoolFilterType: {
            any_?: string[] | null;
        };
        WorkPoolResponse: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name: string;
            description?: string | null;
            type: string;
            base_job_template?: {
                [key: string]: unknown;
            };
            /** @default false */
            is_paused?: boolean;
            concurrency_limit?: number | null;
            status?: components["schemas"]["WorkPoolStatus"] | null;
            default_queue_id?: string | null;
            storage_configuration?: components["schemas"]["WorkPoolStorageConfiguration"];
            active_slots?: number | null;
        };
        /** @enum {string} */
        WorkPoolStatus: "READY" | "NOT_READY" | "PAUSED";
        WorkPoolStorageConfiguration: {
            bundle_upload_step?: {
                [key: string]: unknown;
            } | null;
            bundle_execution_step?: {
                [key: string]: unknown;
            } | null;
            default_result_storage_block_id?: string | null;
        };
        WorkPoolUpdate: {
            description?: string | null;
            is_paused?: boolean | null;
            base_job_template?: {
                [key: string]: unknown;
            } | null;
            concurrency_limit?: number | null;
            storage_configuration?: components["schemas"]["WorkPoolStorageConfiguration"] | null;
        };
        WorkQueueFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            id?: components["schemas"]["WorkQueueFilterId"] | null;
            name?: components["schemas"]["WorkQueueFilterName"] | null;
        };
        WorkQueueFilterId: {
            any_?: string[] | null;
        };
        WorkQueueFilterName: {
            any_?: string[] | null;
            startswith_?: string[] | null;
        };
        WorkerFilter: {
            /** @default and_ */
            operator?: components["schemas"]["Operator"];
            last_heartbeat_time?: components["schemas"]["WorkerFilterLastHeartbeatTime"] | null;
            status?: components["schemas"]["WorkerFilterStatus"] | null;
        };
        WorkerFilterLastHeartbeatTime: {
            before_?: string | null;
            after_?: string | null;
        };
        WorkerFilterStatus: {
            any_?: components["schemas"]["WorkerStatus"][] | null;
            not_any_?: components["schemas"]["WorkerStatus"][] | null;
        };
        WorkerFlowRunResponse: {
            /** Format: uuid */
            work_pool_id: string;
            /** Format: uuid */
            work_queue_id: string;
            flow_run: components["schemas"]["FlowRun"];
        };
        WorkerResponse: {
            /** Format: uuid */
            id: string;
            created: string | null;
            updated: string | null;
            name: string;
            /** Format: uuid */
            work_pool_id: string;
            last_heartbeat_time?: string | null;
            heartbeat_interval_seconds?: number | null;
            /** @default OFFLINE */
            status?: components["schemas"]["WorkerStatus"];
        };
        /** @enum {string} */
        WorkerStatus: "ONLINE" | "OFFLINE";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    health_check_health_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": boolean;
                };
            };
        };
    };
    read_version_admin_version_get: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_flow_flows__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowCreate"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flow"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_flow_flows__id__get: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flow"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_flows_flows_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_flows_flows_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Flow"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_deployment_deployments__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeploymentCreate"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_deployment_by_name_deployments_name__flow_name___deployment_name__get: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                flow_name: string;
                deployment_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_deployments_deployments_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_deployments_deployments_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentResponse"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_deployment_deployments__id__get: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeploymentResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    delete_deployment_deployments__id__delete: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_deployment_deployments__id__patch: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeploymentUpdate"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_flow_run_from_deployment_deployments__id__create_flow_run_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeploymentFlowRunCreate"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowRunResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_deployment_schedule_deployments__id__schedules__schedule_id__patch: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
                schedule_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeploymentScheduleUpdate"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_work_pool_work_pools__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkPoolCreate"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkPoolResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_work_pool_work_pools__name__get: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkPoolResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_work_pool_work_pools__name__patch: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WorkPoolUpdate"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    worker_heartbeat_work_pools__work_pool_name__workers_heartbeat_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                work_pool_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body_worker_heartbeat_work_pools__work_pool_name__workers_heartbeat_post"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_workers_work_pools__work_pool_name__workers_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                work_pool_name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_workers_work_pools__work_pool_name__workers_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerResponse"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    delete_worker_work_pools__work_pool_name__workers__name__delete: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                work_pool_name: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    get_scheduled_flow_runs_work_pools__name__get_scheduled_flow_runs_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_get_scheduled_flow_runs_work_pools__name__get_scheduled_flow_runs_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerFlowRunResponse"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_flow_run_flow_runs__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowRunCreate"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowRunResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_flow_runs_flow_runs_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_flow_runs_flow_runs_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowRunResponse"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_flow_run_flow_runs__id__get: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlowRunResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_flow_run_flow_runs__id__patch: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FlowRunUpdate"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    set_flow_run_state_flow_runs__id__set_state_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body_set_flow_run_state_flow_runs__id__set_state_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OrchestrationResult"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_flow_run_labels_flow_runs__id__labels_patch: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_flow_run_graph_v2_flow_runs__id__graph_v2_get: {
        parameters: {
            query?: {
                since?: string;
            };
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Graph"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_flow_run_states_flow_run_states__get: {
        parameters: {
            query: {
                flow_run_id: string;
            };
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["State"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_task_run_task_runs__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TaskRunCreate"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskRun"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_task_runs_task_runs_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_task_runs_task_runs_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskRun"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_logs_logs__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogCreate"][];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_logs_logs_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_logs_logs_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Log"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_artifact_artifacts__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArtifactCreate"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Artifact"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_artifact_artifacts__id__patch: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArtifactUpdate"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_artifacts_artifacts_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_artifacts_artifacts_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Artifact"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_events_events_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Event"][];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_concurrency_limit_concurrency_limits__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConcurrencyLimitCreate"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConcurrencyLimit"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_all_concurrency_limits_v2_v2_concurrency_limits_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_all_concurrency_limits_v2_v2_concurrency_limits_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GlobalConcurrencyLimitResponse"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_concurrency_limit_v2_v2_concurrency_limits__id_or_name__get: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id_or_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GlobalConcurrencyLimitResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_concurrency_limit_v2_v2_concurrency_limits__id_or_name__patch: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id_or_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConcurrencyLimitV2Update"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body_bulk_increment_active_slots_with_lease_v2_concurrency_limits_increment_with_lease_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConcurrencyLimitWithLeaseResponse"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    bulk_decrement_active_slots_with_lease_v2_concurrency_limits_decrement_with_lease_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Body_bulk_decrement_active_slots_with_lease_v2_concurrency_limits_decrement_with_lease_post"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    renew_concurrency_lease_v2_concurrency_limits_leases__lease_id__renew_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                lease_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_renew_concurrency_lease_v2_concurrency_limits_leases__lease_id__renew_post"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    create_automation_automations__post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AutomationCreate"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Automation"];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    read_automations_automations_filter_post: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Body_read_automations_automations_filter_post"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Automation"][];
                };
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    update_automation_automations__id__put: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AutomationUpdate"];
            };
        };
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    delete_automation_automations__id__delete: {
        parameters: {
            query?: never;
            header?: {
                "x-prefect-api-version"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
}
