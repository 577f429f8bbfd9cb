<?php
/**
 * What goes with the plugin if the box in its settings is ticked; prints one line for each check.
 *
 * @package wcflow-companion
 */

/**
 * Says a check's name, and what is wrong if the values differ.
 *
 * @param string $name   Name of the check.
 * @param mixed  $wanted Value.
 * @param mixed  $found  Value.
 */
function check( $name, $wanted, $found ) {
	echo $wanted === $found ? "ok $name\n" : "not ok $name: wanted " . wp_json_encode( $wanted ) . ', found ' . wp_json_encode( $found ) . "\n";
}

/**
 * Sends the form of the settings.
 *
 * @param array $form Its fields.
 */
function send_settings( $form ) {
	$_POST    = $form;
	$_REQUEST = array( '_wpnonce' => wp_create_nonce( Wcflow_Options_Page::ACTION ) );
	$stop     = function () {
		throw new Exception( 'saved' );
	};
	add_filter( 'wp_redirect', $stop );
	try {
		Wcflow_Options_Page::save();
	} catch ( Exception $saved ) {
		remove_filter( 'wp_redirect', $stop );
	}
}

/**
 * Returns the keys and values of all that is left of a table.
 *
 * @param string $table Table.
 */
function left( $table ) {
	global $wpdb;
	$like = '%' . $wpdb->esc_like( 'wcflow' ) . '%';
	return $wpdb->get_col( $wpdb->prepare( "SELECT CONCAT( meta_key, '=', meta_value ) FROM $table WHERE meta_key LIKE %s ORDER BY meta_key", $like ) );
}

global $wpdb;
Wcflow_Tables::install();
send_settings( array( 'wcflow_remove_meta' => 'yes' ) );
check( 'the ticked box is kept', 'yes', get_option( 'wcflow_remove_meta' ) );
send_settings( array() );
check( 'the box can be cleared', 'no', get_option( 'wcflow_remove_meta' ) );
send_settings( array( 'wcflow_remove_meta' => 'yes' ) );

$orders = $wpdb->prefix . 'wc_orders_meta';
$wpdb->query( "CREATE TABLE $orders (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, order_id bigint unsigned, meta_key varchar(255), meta_value text)" );
$order = wp_insert_post( array( 'post_type' => 'shop_order', 'post_title' => 'o', 'post_status' => 'publish' ) );
foreach ( array( 'wcflow_tags' => 'Gold', 'wcflow_segment' => 'VIP', 'accepts_marketing' => 'yes', 'wcflowers' => 'roses', 'my_wcflow_tags' => 'x' ) as $key => $value ) {
	update_user_meta( 1, $key, $value );
	update_post_meta( $order, $key, $value );
	$wpdb->insert( $orders, array( 'order_id' => 7, 'meta_key' => $key, 'meta_value' => $value ) );
}
Wcflow_Streams::flush(); // WordPress deletes a plugin that is no longer active.
define( 'WP_UNINSTALL_PLUGIN', 'wcflow-companion/wcflow-companion.php' );
require WP_PLUGIN_DIR . '/wcflow-companion/uninstall.php';

$others = array( 'my_wcflow_tags=x', 'wcflowers=roses' );
check( 'customers have no tags', $others, left( $wpdb->usermeta ) );
check( 'orders as posts have no tags', $others, left( $wpdb->postmeta ) );
check( 'orders in tables have no tags', $others, left( $orders ) );
check( 'nothing of it is left in a cache', '', get_user_meta( 1, 'wcflow_tags', true ) );
check( 'what others wrote stays', 'yes', get_user_meta( 1, 'accepts_marketing', true ) );
check( 'the box itself is gone', false, get_option( 'wcflow_remove_meta' ) );
