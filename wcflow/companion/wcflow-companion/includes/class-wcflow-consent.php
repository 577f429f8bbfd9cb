<?php
/**
 * Whether a visitor agreed to marketing.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Asks the consent plugin, if there is one, by the WP Consent API.
 */
class Wcflow_Consent {

	/**
	 * Returns the name of what is asked for consent; empty if nothing is.
	 *
	 * @return string
	 */
	public static function plugin() {
		return function_exists( 'wp_has_consent' ) ? 'WP Consent API' : '';
	}

	/**
	 * Returns whether what this visitor does may be told.
	 *
	 * A shop whose consent plugin does not speak the WP Consent API can answer by the filter.
	 *
	 * @return bool
	 */
	public static function allows() {
		$allowed = ! function_exists( 'wp_has_consent' ) || wp_has_consent( 'marketing' );
		return (bool) apply_filters( 'wcflow_companion_consent', $allowed );
	}
}
