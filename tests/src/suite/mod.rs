//! The suite, and the macro that runs all of it on a backend.

pub mod autodiff;
pub mod bad_input;
pub mod boxes;
pub mod burn_nn;
pub mod embeddings;
pub mod exact_means;
pub mod finite_differences;
pub mod halves;
pub mod integers;
pub mod kernels;
pub mod linear;
pub mod linear_targets;
pub mod losses;
pub mod metrics;
pub mod metrics_epoch;
pub mod metrics_laws;
pub mod metrics_many;
pub mod metrics_options;
pub mod module_db;
pub mod numerics;
pub mod properties;
pub mod pytorch;
pub mod reduced;
pub mod regions;
pub mod samples;
pub mod together;

/// Makes a `#[test]` of every function of the suite, on one backend.
///
/// With `ignore_products` those are ignored that make matrix products of many sizes: Burn tries all its kernels for each size
/// before it takes one, on a software driver for half a minute. One test of each operation with a product is run there, too.
/// With `ignore_gaps` those are ignored that need what Burn's Candle does not have: it scatters into no view and fills no f16,
/// its arctangent calls itself without end, and it adds up a thousand numbers one after the other.
#[macro_export]
macro_rules! suite {
    ($backend:ty) => {
        $crate::suite! { $backend, cfg(all()), cfg(all()) }
    };
    ($backend:ty, ignore_products) => {
        $crate::suite! { $backend, ignore = "Burn tunes each size of a product", cfg(all()) }
    };
    ($backend:ty, ignore_gaps) => {
        $crate::suite! { $backend, cfg(all()), ignore = "Candle cannot do what it takes" }
    };
    ($backend:ty, $products:meta, $gaps:meta) => {
        mod products {
            $crate::suite! { $backend, $products =>
                embeddings { sup_con embedding_gradients embeddings_of_extreme_sizes }
                linear {
                    equals_the_loss_of_logits finite_differences layers_and_embeddings
                    predictions_beside_targets_of_any_integer
                }
                linear_targets {
                    probabilities_equal_the_loss_of_logits distillation_equals_the_loss_of_logits
                    target_differences margins_of_extreme_embeddings heads_of_any_size
                    rows_left_out_of_distillation
                }
                halves { directions_of_any_length groups_of_many }
                integers { groups_of_any_integer }
                exact_means {
                    a_loop_of_ones_own gradients_accumulated_by_the_learner gradients_of_two_devices
                    what_averages_keeps_the_mean a_step_in_which_nothing_counts
                }
            }
        }
        mod gaps {
            $crate::suite! { $backend, $gaps =>
                module_db { pytorchs_own_samples }
                integers { sequences_of_any_integer }
                regions { dice jaccard tversky long_regions }
                halves { class_rows_of_any_integer gradients_found_with_the_loss }
                boxes { box_iou box_gradients boxes_that_do_not_count boxes_of_any_size }
                samples {
                    values_and_gradients differences ctc_equals_composed_operations ctc_of_long_inputs
                    label_margins_equal_composed_operations
                }
            }
        }
        $crate::suite! { $backend, cfg(all()) =>
            embeddings {
                info_nce arc_face cos_face embeddings_refuse margins_at_the_ends embedding_weights
            }
            linear { equals_pytorch bad_heads what_is_left_out }
            linear_targets { linear_targets_refuse }
            pytorch { elementwise_losses spread_losses class_losses cross_entropy_probabilities }
            finite_differences { elementwise_losses spread_losses class_losses cross_entropy_probabilities }
            reduced {
                means_over_the_batch levels_of_one_target
                forward_reduces_what_is_not_reduced in_place_and_beside
                a_loss_that_is_scaled two_losses_of_the_same_prediction
                a_loss_that_is_never_differentiated long_sums weights_in_the_denominator long_sums_of_slopes
                nothing_counts batches_of_nothing several_ignored_indices normalizers_average_exactly
                probabilities_of_any_rank losses_of_ones_own
            }
            properties {
                cross_entropy_ignores_a_constant forward_reduces_forward_no_reduction
                weights_of_one_are_no_weights a_mask_drops_rows a_mask_drops_elements
                cross_entropy_is_nll_of_log_softmax bce_with_logits_is_bce_of_sigmoid
                one_hot_probabilities_are_classes relatives_meet_cross_entropy
            }
            numerics {
                confident_rows_keep_their_digits offset_rows_keep_their_digits
                large_logits_do_not_overflow saturated_logits_are_exact relatives_keep_their_digits
                bce_keeps_its_digits divergences_of_the_impossible
            }
            bad_input {
                shapes_that_differ element_types_that_differ devices_that_differ ranks_that_do_not_fit no_class
                weights_of_the_wrong_length configs configs_of_formulas
                reductions_without_a_use spreads_that_do_not_fit amounts_out_of_bounds
                scores_that_are_no_log_probabilities
                target_outside_the_classes rows_of_weight_zero
                targets_of_other_integer_types targets_that_32_bits_do_not_hold probabilities_outside_the_unit_interval
                ignore_index_with_probabilities binary_targets_outside_the_unit_interval
                reductions_set_beside_the_config messages_have_what_came
                options_at_the_ends_of_the_numbers numbers_that_configs_refuse
            }
            autodiff {
                untracked_inputs detached_losses logits_used_twice gradients_for_some_rows
                checkpointing_strategies gradients_of_the_probabilities
                non_contiguous_inputs broadcast_inputs
            }
            kernels {
                equal_composed_operations equal_composed_operations_of_any_shape
                equal_composed_operations_at_the_edges gradients_in_place adjusted_rows same_bits_every_time
                distillation_equals_its_parts
                shapes_that_do_not_fit rows_that_do_not_fit heads_that_do_not_fit
                elements_that_do_not_fit samples_that_do_not_fit tensors_of_two_devices
                second_derivatives
            }
            regions {
                region_gradients regions_refuse region_configs positions_that_do_not_count regions_of_extreme_logits no_positions
                lovasz_softmax lovasz_hinge lovasz_gradients_and_bad_input lovasz_of_weighted_positions
                lovasz_of_saturated_logits
                targets_of_regions_outside_the_unit_interval
            }
            boxes { boxes_refuse }
            exact_means { gradients_without_a_normalizer sums_that_are_no_number }
            together {
                weighted_sums sums_of_every_form sums_of_any_inputs uncertainty_weighting together_refuses
            }
            halves {
                means_of_sums_beyond_the_type sums_within_the_type bce_at_the_ends
                label_smoothing_is_not_rounded gradients_of_the_probabilities
                class_weights_beyond_the_type a_student_near_its_teacher predictions_of_a_head
                samples_beyond_the_type options_beyond_the_type
            }
            integers {
                classes_of_any_integer positions_of_any_integer labels_of_any_integer
                labels_that_32_bits_do_not_hold
            }
            burn_nn { same_where_it_should_be padded_mean_differs padded_weight_sum_differs }
            losses { configs_survive_json modules_print_themselves modules_move_and_record }
            samples {
                margin_ranking distances_of_ones_own bad_input wrong_targets configs_survive_json
                modules_print_themselves logits_that_are_adjusted heads_that_are_adjusted
                divergences_of_some_rows weights_from_counts rows_that_distillation_leaves_out swapped_ties pairs_in_an_order
                distances_of_high_powers
            }
            metrics {
                binary curves results_survive_json thresholds equally_good_thresholds multiclass multilabel
                decisions label_decisions a_report_of_nothing regression
            }
            metrics_epoch {
                classes_in_batches labels_in_batches one_output_in_batches numbers_in_batches
                losses_in_batches a_loss_that_is_nan tokens_in_batches
                tokens_of_a_diverged_model
                undefined_until_both_classes_came undefined_for_good large_epochs
                temperature_scaling a_temperature_is_saved_and_loaded
                a_temperature_survives_a_file
            }
            metrics_options {
                what_is_shown_stays_in_range a_regression_that_diverges_is_nan
                saturated_logits_are_no_ties ignored_rows_are_left_out thresholds_decide
                tables_of_labels tables_say_why_there_is_none tables_of_many_classes_are_short
                capacities numbers_bound_the_work names_tell_options_apart
                rounded_probabilities_are_taken
            }
            metrics_laws {
                roc_auc_keeps_under_monotone_maps calibration_errors_are_shares
                the_order_of_examples_does_not_matter undefined_inputs bad_input
            }
            metrics_many { the_size_of_a_batch_does_not_matter what_is_wrong_is_found }
        }
    };
    ($backend:ty, $attribute:meta => $($module:ident { $($test:ident)+ })+) => {
        $crate::suite! { @tests $backend, #[$attribute] => $($module { $($test)+ })+ }
    };
    (@tests $backend:ty, $attribute:tt $when:tt => $($module:ident { $($test:ident)+ })+) => {
        $(mod $module {
            $(#[test]
            $attribute $when
            fn $test() {
                $crate::suite::$module::$test::<$backend>();
            })+
        })+
    };
}
