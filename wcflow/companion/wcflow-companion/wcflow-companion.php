<?php
/**
 * Plugin Name:          wcflow companion
 * Description:          Shows the segments, tags and tasks that wcflow computes wherever you work in WooCommerce, and tells wcflow what you change there.
 * Version:              0.1.0
 * Requires at least:    6.1
 * Requires PHP:         7.4
 * WC requires at least: 8.2
 * License:              MIT
 * Text Domain:          wcflow-companion
 * Domain Path:          /languages
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

define( 'WCFLOW_COMPANION_VERSION', '0.1.0' );
define( 'WCFLOW_COMPANION_FILE', __FILE__ );

/**
 * Loads a class of this plugin from includes/ or includes/admin/.
 *
 * @param string $name Name of a class.
 */
function wcflow_companion_autoload( $name ) {
	if ( 0 !== strpos( $name, 'Wcflow_' ) ) {
		return;
	}
	$file = 'class-' . str_replace( '_', '-', strtolower( $name ) ) . '.php';
	foreach ( array( '/includes/', '/includes/admin/' ) as $folder ) {
		if ( is_readable( __DIR__ . $folder . $file ) ) {
			require_once __DIR__ . $folder . $file;
			return;
		}
	}
}
spl_autoload_register( 'wcflow_companion_autoload' );

/**
 * Tells WooCommerce that orders are read in either storage.
 */
function wcflow_companion_declare_compatible() {
	if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'custom_order_tables', WCFLOW_COMPANION_FILE, true );
		\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility( 'cart_checkout_blocks', WCFLOW_COMPANION_FILE, true );
	}
}
add_action( 'before_woocommerce_init', 'wcflow_companion_declare_compatible' );

/**
 * Starts the parts of the plugin.
 */
function wcflow_companion_start() {
	Wcflow_Tables::init();
	Wcflow_Streams::init();
	$parts = array( 'Wcflow_Changes', 'Wcflow_Rest', 'Wcflow_Events', 'Wcflow_Mail', 'Wcflow_Privacy', 'Wcflow_Analytics' );
	if ( is_admin() ) {
		$parts[] = 'Wcflow_Admin';
	}
	foreach ( $parts as $part ) {
		$part::init();
	}
}
add_action( 'plugins_loaded', 'wcflow_companion_start' );

/**
 * Loads the plugin's translations; WordPress before 6.8 does not find them by itself.
 */
function wcflow_companion_translate() {
	load_plugin_textdomain( 'wcflow-companion', false, dirname( plugin_basename( WCFLOW_COMPANION_FILE ) ) . '/languages' );
}
add_action( 'init', 'wcflow_companion_translate', 0 );

register_activation_hook( __FILE__, array( 'Wcflow_Tables', 'install' ) );
register_deactivation_hook( __FILE__, array( 'Wcflow_Tables', 'deactivate' ) );
